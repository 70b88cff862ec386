import { type OutlineSource, outlineFile } from "../convert/write-outline.js";
import type { ForeseeContext, Prepared } from "../stage.js";
import { planVariant } from "./plan-variant.js";
import type { QuantizeParams } from "./quantize.js";

/**
 * Returns the bytes and the warnings of a preset variant before its base exists, from a local checkpoint's headers, or the
 * file of a GGUF source; undefined for a checkpoint whose tensors are not known. A dry run without an
 * imatrix, which can change the types of some presets, and without the `vocabularyBytes` of an outline.
 * Errors: those of `planVariant` and `writeOutline`.
 */
export async function foreseeVariant(
  params: QuantizeParams,
  source: (OutlineSource & { vocabularyBytes: number }) | { file: string },
  context: ForeseeContext,
): Promise<Prepared | undefined> {
  const model = await context.once("outline", () => outlineFile(source, context.work));
  if (model === undefined) return undefined;
  const input = (name: string) => (name === "model" ? model : undefined);
  const { bytes, warnings = [], variant = { types: new Map() } } = await planVariant(params, { ...context, input });
  return { bytes: bytes + ("file" in source ? 0 : source.vocabularyBytes), warnings, variant };
}
