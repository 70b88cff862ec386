import { basename } from "node:path";
import type { SourceHeader } from "../checkpoint/gguf/require-source.js";
import type { GgufScalar, GgufValue } from "../gguf/gguf.js";
import type { RemoteGguf } from "../hub/read-gguf-header.js";
import { ggmlTypeById } from "../quant/ggml-types.js";
import { QuantsmithError } from "../util/errors.js";

/**
 * Returns the header of a file on the Hub as the checks of a source take it. Value types are those that the checks
 * distinguish: string, number and array. Errors: QS-GGUF-INVALID, and those of `read`.
 */
export async function remoteSourceHeader(path: string, read: () => Promise<RemoteGguf>): Promise<SourceHeader> {
  try {
    const { metadata, tensorInfos } = await read();
    return {
      name: basename(path),
      metadata: new Map(Object.entries(metadata).flatMap(([key, value]) => entry(key, value))),
      tensors: tensorInfos.map(({ name, shape, dtype }) => {
        const type = ggmlTypeById(dtype);
        if (type === undefined) throw new Error(`${name} has the unknown type ${dtype}`);
        return { name, shape: shape.map(Number), type };
      }),
    };
  } catch (error) {
    if (error instanceof QuantsmithError || !(error instanceof Error)) throw error;
    throw new QuantsmithError("QS-GGUF-INVALID", `the header of ${path} cannot be read: ${error.message}`, {
      remedy: "Use another file: @huggingface/gguf, the Hub's reader, cannot read this one.",
      cause: error,
    });
  }
}

function entry(key: string, value: unknown): [string, GgufValue][] {
  if (Array.isArray(value)) return [[key, { type: "array", itemType: "string", items: value as GgufScalar[] }]];
  if (typeof value === "string") return [[key, { type: "string", value }]];
  return typeof value === "number" || typeof value === "bigint" ? [[key, { type: "int64", value }]] : [];
}
