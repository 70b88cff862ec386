import { ggmlTypeByName, rowBytes } from "../quant/ggml-types.js";

export interface QuantizedTensor {
  name: string;
  /** Columns first, without trailing ones, as printed by llama.cpp. */
  shape: number[];
  fromType: string;
  toType: string;
  bytes: number;
  /** Set if llama.cpp chose `toType` because the rows do not divide into blocks of `wantedType`. */
  fallback?: { wantedType: string };
}

export interface QuantizeReport {
  tensors: QuantizedTensor[];
  /** Bytes of all tensors, without header and padding. */
  bytes: number;
  bitsPerWeight: number;
}

const tensorStart = /\[\s*(\d+)\/\s*(\d+)\] (\S+)\s+- \[([\d,\s]+)\], type =\s*(\w+), /g;

/**
 * Parses the tensor list that llama-quantize prints to stderr, in a real or a dry run; returns undefined if it is
 * incomplete or contains a type that the pinned ggml does not have.
 * Sizes are computed from shape and type, since the printed ones are rounded to 0.01 MiB.
 */
export function parseQuantizeReport(stderr: string): QuantizeReport | undefined {
  const wanted = new Map<string, string>();
  for (const [, name, type] of stderr.matchAll(/^warning: (\S+)\s+- ncols .*?\(required for type\s+(\w+)\)/gm)) {
    if (name !== undefined && type !== undefined) wanted.set(name, type.toUpperCase());
  }
  const starts = [...stderr.matchAll(tensorStart)];
  const tensors: QuantizedTensor[] = [];
  for (const [index, start] of starts.entries()) {
    const [line, , , name = "", dimensions = "", from = ""] = start;
    // A warning about the imatrix may interrupt the line, so the search extends to the next tensor.
    const rest = stderr.slice(start.index + line.length, starts[index + 1]?.index);
    const to = /converting to (\w+) \.\./.exec(rest)?.[1] ?? /-> +[\d.]+ MiB \((\w+)\)/.exec(rest)?.[1] ?? from;
    const shape = withoutTrailingOnes(dimensions.split(",").map(Number));
    const [columns = 0, ...others] = shape;
    const type = ggmlTypeByName(to);
    if (type === undefined) return undefined;
    const wantedType = wanted.get(name);
    const bytes = rowBytes(type, columns) * others.reduce((product, size) => product * size, 1);
    const fallback = wantedType === undefined ? {} : { fallback: { wantedType } };
    tensors.push({ name, shape, fromType: from.toUpperCase(), toType: type.name, bytes, ...fallback });
  }
  if (tensors.length === 0 || tensors.length !== Number(starts[0]?.[2])) return undefined;
  const bytes = tensors.reduce((sum, tensor) => sum + tensor.bytes, 0);
  const weights = tensors.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
  return { tensors, bytes, bitsPerWeight: (bytes * 8) / weights };
}

function withoutTrailingOnes(shape: number[]): number[] {
  const last = shape.findLastIndex((size) => size !== 1);
  return shape.slice(0, Math.max(1, last + 1));
}
