import { join } from "node:path";
import { readGguf } from "../../gguf/read-header.js";
import { bitsPerWeight, typeCounts } from "../../gguf/summary.js";
import type { VariantRounding } from "../../release/release-report.js";
import type { JsonObject } from "../../util/canonical-json.js";
import type { StageContext } from "../stage.js";
import { writeReport } from "../step-files.js";

/** Writer of the files: this process, reusing tensors of finished variants, or llama-quantize. Both write the same bytes. */
export type QuantizeEngine = "bank" | "llama-quantize";

/**
 * How codes are chosen: each weight for itself, as llama-quantize does, or with error feedback from the second moments of
 * the inputs (GPTQ family).
 */
export type Rounding = "nearest" | "feedback";

export interface QuantizeParams extends JsonObject {
  /** A llama.cpp preset such as Q4_K_M. */
  preset: string;
  /** Manual rules, pattern to type, in recipe order. */
  rules: readonly (readonly [pattern: string, type: string])[];
  /** Name under which the imatrix is published; part of the file's metadata. */
  imatrixName: string;
  rounding: Rounding;
  /** The preset whose name a dynamic variant of another budget has; absent for others. */
  label?: string;
  /** Whether tensors that the base has in a quantized type may get another one; they keep their type otherwise. */
  allowRequantize: boolean;
}

/** `quantize.json`. */
export interface QuantizeReport {
  bytes: number;
  bitsPerWeight: number;
  types: Record<string, number>;
  /** Tensors whose row length does not fit the type of the rule or the preset, so that llama.cpp used a fallback. */
  fallbacks: TensorFallback[];
  /** Absent for rounding to nearest. */
  rounding?: VariantRounding;
}

export interface TensorFallback {
  name: string;
  asked: string;
  got: string;
  /** Length of its rows. */
  columns: number;
}

/** Writes `quantize.json` from the header of `model.gguf`. Throws QS-GGUF-* for an invalid or truncated file. */
export async function reportVariant(
  context: StageContext,
  fallbacks: TensorFallback[],
  rounding?: VariantRounding,
): Promise<void> {
  const gguf = await readGguf(join(context.out, "model.gguf"));
  const report: QuantizeReport = {
    bytes: gguf.fileBytes,
    bitsPerWeight: bitsPerWeight(gguf),
    types: typeCounts(gguf),
    fallbacks,
    ...(rounding === undefined ? {} : { rounding }),
  };
  await writeReport(context, "quantize.json", report);
}
