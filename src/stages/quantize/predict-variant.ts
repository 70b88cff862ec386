import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readGguf } from "../../gguf/read-header.js";
import { variantFileBytes } from "../allocate/file-size.js";
import { openImatrix } from "../ggml-source.js";
import { type PredictContext, requiredInput } from "../stage.js";
import { planVariant } from "./plan-variant.js";
import type { QuantizeParams } from "./quantize.js";

/** `quantize.json`, on the high side: it names each fallback. */
const reportBytes = (tensors: number) => 1024 + 200 * tensors;

/**
 * Bytes of a variant's outputs: the file exactly, as `llama-quantize --dry-run` plans its tensors and with the header
 * it will have, and what is small beside it.
 */
export async function predictVariantBytes(params: QuantizeParams, context: PredictContext): Promise<number> {
  const base = await readGguf(requiredInput(context, "model"));
  const { imatrixName, preset } = params;
  // Nothing may be written beside the inputs, and llama-quantize reads the rules from a file.
  const work = await mkdtemp(join(tmpdir(), "quantsmith-plan-"));
  try {
    const { types, rules = "", fallbacks } = await planVariant(params, { ...context, work }, base);
    const makings = { base, imatrix: await openImatrix(context), imatrixName, preset };
    return variantFileBytes(makings, types) + Buffer.byteLength(rules) + reportBytes(fallbacks.length);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
