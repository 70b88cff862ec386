import { basename, dirname } from "node:path";
import { readGguf } from "../../gguf/read-header.js";
import { quantizeDryRun } from "../../llamacpp/quantize-dry-run.js";
import { ggmlTypeByName, rowBytes } from "../../quant/ggml-types.js";
import { type PredictContext, requiredInput } from "../stage.js";
import type { QuantizeParams } from "./quantize.js";
import { ruledTypes } from "./tensor-rules.js";

/** llama-quantize adds a few entries about the imatrix to the base's metadata; bytes, on the high side. */
const addedMetadataBytes = 4096;

/**
 * Bytes of a variant's file: the tensors as `llama-quantize --dry-run` plans them with the rules applied on top, each
 * padded, and the base's header. Exact but for at most `addedMetadataBytes`.
 */
export async function predictVariantBytes(params: QuantizeParams, context: PredictContext): Promise<number> {
  const model = requiredInput(context, "model");
  const base = await readGguf(model);
  const rules = await ruledTypes(params, context, base);
  const planned = await quantizeDryRun({
    toolchain: await context.toolchain(),
    cwd: dirname(model),
    model: basename(model),
    type: params.preset,
    threads: context.threads,
    signal: context.signal,
  });
  const padded = (bytes: number) => Math.ceil(bytes / base.alignment) * base.alignment;
  const tensors = planned.tensors.map(({ name, shape, bytes }) => padded(bytesUnder(rules.get(name), shape) ?? bytes));
  return base.dataOffset + addedMetadataBytes + tensors.reduce((sum, bytes) => sum + bytes, 0);
}

/** A tensor's bytes as the type of its rule; undefined without a rule, or where the rows make llama.cpp fall back. */
function bytesUnder(rule: string | undefined, shape: readonly number[]): number | undefined {
  const type = rule === undefined ? undefined : ggmlTypeByName(rule);
  const [columns = 0, ...others] = shape;
  if (type === undefined || columns % type.blockSize !== 0) return undefined;
  return rowBytes(type, columns) * others.reduce((product, size) => product * size, 1);
}
