import { closeSync, readSync } from "node:fs";
import { QuantsmithError } from "../util/errors.js";
import { quote } from "../util/quote.js";
import { openRegularSync } from "../util/regular-file.js";
import type { Ggml } from "./ggml-native.js";
import { type GgmlType, knownType, rowBytes } from "./ggml-types.js";
import type { AnyResult, ErrorSums, NativeTask, RowRange } from "./native-task.js";

/** Runs a task on the calling thread. Throws the errors of `Ggml.quantizeRows`, and system errors on read. */
export function runNativeTask(ggml: Ggml, task: NativeTask): AnyResult {
  const { rows } = task;
  const from = knownType(rows.type);
  const stored = readRows(rows, rowBytes(from, rows.columns));
  if (task.kind === "validate") return { valid: ggml.validateRowData(from, stored) };
  const values = ggml.dequantizeRows(from, stored);
  try {
    return compute(ggml, task, from, values);
  } catch (error) {
    throw error instanceof QuantsmithError && error.code === "QS-GGML-VALUES" ? inTensor(error, rows, values) : error;
  }
}

/** Adds the tensor's name and the first value that is not finite to an error. */
function inTensor(error: QuantsmithError, { tensor, columns, stride }: RowRange, values: Float32Array) {
  if (tensor === undefined) return error;
  const first = values.findIndex((value) => !Number.isFinite(value));
  if (first === -1) {
    return new QuantsmithError(error.code, `the tensor ${quote(tensor.name)}: ${error.message}`, {
      remedy: error.remedy,
    });
  }
  const index = tensor.index + Math.floor(first / columns) * stride * columns + (first % columns);
  return new QuantsmithError(
    error.code,
    `the tensor ${quote(tensor.name)} contains NaN or infinity at index ${index}, which no quantized type can store`,
    {
      remedy:
        "Set `model.checkWeights: full`, which names every such tensor of the checkpoint before the conversion, and download the model again: it is damaged, or its training diverged.",
    },
  );
}

function compute(ggml: Ggml, task: Exclude<NativeTask, { kind: "validate" }>, from: GgmlType, values: Float32Array) {
  const { rows } = task;
  if (task.kind === "errors") return sumErrors(ggml, values, rows, task.types.map(knownType));
  const to = knownType(task.to);
  const bytes = ggml.quantizeRows(to, values, rows.columns, rows.importance);
  if (task.kind === "quantize") return bytes;
  return ggml.quantizeRows(from, ggml.dequantizeRows(to, bytes), rows.columns);
}

function readRows({ path, offset, count, stride }: RowRange, bytesPerRow: number): Uint8Array {
  const bytes = new Uint8Array(count * bytesPerRow);
  const reads = stride === 1 ? [bytes] : Array.from({ length: count }, (_, i) => rowOf(bytes, i, bytesPerRow));
  const file = openRegularSync(path);
  try {
    for (const [i, part] of reads.entries()) readFully(file, part, offset + i * stride * bytesPerRow, path);
  } finally {
    closeSync(file);
  }
  return bytes;
}

function rowOf(bytes: Uint8Array, row: number, bytesPerRow: number): Uint8Array {
  return bytes.subarray(row * bytesPerRow, (row + 1) * bytesPerRow);
}

function readFully(file: number, bytes: Uint8Array, position: number, path: string): void {
  for (let done = 0; done < bytes.length; ) {
    const read = readSync(file, bytes, done, bytes.length - done, position + done);
    if (read === 0) throw new Error(`${path} shrank while it was read`);
    done += read;
  }
}

function sumErrors(ggml: Ggml, values: Float32Array, rows: RowRange, types: readonly GgmlType[]): ErrorSums {
  const weights = rows.importance ?? new Float32Array(rows.columns).fill(1);
  const zeros = new Float32Array(values.length);
  const errors = types.map((type) => {
    const bytes = ggml.quantizeRows(type, values, rows.columns, rows.importance);
    return weightedSquares(ggml.dequantizeRows(type, bytes), values, weights);
  });
  return { errors, norm: weightedSquares(zeros, values, weights) };
}

function weightedSquares(a: Float32Array, b: Float32Array, weights: Float32Array): number {
  let sum = 0;
  for (let start = 0; start < a.length; start += weights.length) {
    for (let column = 0; column < weights.length; column++) {
      const difference = (a[start + column] ?? 0) - (b[start + column] ?? 0);
      sum += (weights[column] ?? 0) * difference * difference;
    }
  }
  return sum;
}
