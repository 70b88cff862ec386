import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Gguf } from "../../gguf/gguf.js";
import { quantizeDryRun } from "../../llamacpp/quantize-dry-run.js";
import { type GgmlType, knownType } from "../../quant/ggml-types.js";
import type { StageContext } from "../stage.js";
import { linkInput } from "../step-files.js";
import type { QuantizeParams, TensorFallback } from "./quantize.js";
import { answeredRules, ruledTypes, tensorTypeFile } from "./tensor-rules.js";

export interface VariantPlan {
  /** The type of every tensor of the variant. */
  types: ReadonlyMap<string, GgmlType>;
  fallbacks: TensorFallback[];
  /** The text of `tensor-types.txt`; undefined without rules. */
  rules: string | undefined;
  argv: string[];
  peakMemoryBytes: number;
}

/**
 * Asks llama-quantize which type each tensor would get. It is told the imatrix and the rules, because some presets
 * choose otherwise with an imatrix or beside a tensor that a rule takes away from them.
 * Errors: QS-QUANTIZE-RULE, QS-QUANTIZE-TYPE, QS-QUANTIZE-FAILED.
 */
export async function planVariant(
  params: QuantizeParams,
  context: Pick<StageContext, "input" | "work" | "toolchain" | "threads" | "signal">,
  base: Gguf,
): Promise<VariantPlan> {
  const wanted = await ruledTypes(params, context, base);
  const rules = wanted.size === 0 ? undefined : tensorTypeFile(wanted);
  const rulesFile = "tensor-types.txt";
  if (rules !== undefined) await writeFile(join(context.work, rulesFile), rules);
  const { tensors, fallbacks, argv, peakMemoryBytes } = await quantizeDryRun({
    toolchain: await context.toolchain(),
    cwd: context.work,
    threads: context.threads,
    signal: context.signal,
    model: await linkInput(context, "model", "model.gguf"),
    type: params.preset,
    ...(context.input("imatrix") && { imatrix: await linkInput(context, "imatrix", params.imatrixName) }),
    ...(rules !== undefined && { tensorTypes: rulesFile }),
  });
  const planned = tensors.map(({ name, toType }) => ({ name, type: knownType(toType) }));
  return {
    types: new Map(planned.map(({ name, type }) => [name, type])),
    fallbacks: answeredRules(wanted, planned, fallbacks),
    rules,
    argv,
    peakMemoryBytes,
  };
}
