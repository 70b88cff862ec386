import { basename } from "node:path";
import type { SourceHeader } from "../checkpoint/gguf/source-header.js";
import type { GgufScalar, GgufValue } from "../gguf/gguf.js";
import { scalarTypeName } from "../gguf/value-types.js";
import type { RemoteGguf } from "../hub/read-gguf-header.js";
import { ggmlTypeById } from "../quant/ggml-types.js";
import { QuantsmithError } from "../util/errors.js";

/**
 * Returns the header of a file on the Hub as the checks of a source take it. Errors: QS-GGUF-INVALID, and those of `read`.
 */
export async function remoteSourceHeader(path: string, read: () => Promise<RemoteGguf>): Promise<SourceHeader> {
  try {
    const { typedMetadata, tensorInfos } = await read();
    return {
      name: basename(path),
      metadata: new Map(Object.entries(typedMetadata).map(([key, entry]) => [key, toValue(entry)])),
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

function toValue({ value, type, subType }: { value?: unknown; type: number; subType?: number }): GgufValue {
  if (Array.isArray(value)) return { type: "array", itemType: scalarTypeName(subType), items: value as GgufScalar[] };
  return { type: scalarTypeName(type), value: value as GgufScalar };
}
