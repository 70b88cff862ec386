import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readGguf } from "../../gguf/read-header.js";
import { quantize } from "../../llamacpp/quantize.js";
import type { PreparedOperation } from "../stage.js";
import { linkInput, toolRun } from "../step-files.js";
import { planVariant, type VariantPlan } from "./plan-variant.js";
import { type QuantizeParams, reportVariant } from "./quantize.js";
import { findFallbacks, requireRules, tensorTypeFile } from "./tensor-rules.js";

/**
 * Quantizes one variant with llama-quantize, the reference for `bank.ts`. Inputs `model`, optional `imatrix`, optional
 * `allocation` (`allocation.json`, replaces the recipe's rules); outputs `model.gguf`, `quantize.json` and, with rules
 * or an allocation, `tensor-types.txt`. Errors: QS-QUANTIZE-*, QS-DISK-FULL, QS-INPUT-CHANGED.
 */
export const quantizeByTool: PreparedOperation<QuantizeParams, VariantPlan> = {
  id: "quantize-tool",
  stage: "quantize",
  version: 3,
  resource: "compute",
  tools: ["llama.cpp"],
  prepare: planVariant,
  async run(params, context, { listed }) {
    if (listed.size > 0) await writeFile(join(context.out, "tensor-types.txt"), tensorTypeFile(listed));
    const run = await quantize({
      ...(await toolRun(context)),
      model: await linkInput(context, "model", "model.gguf"),
      out: "../out/model.gguf",
      type: params.preset,
      allowRequantize: params.allowRequantize,
      ...(context.input("imatrix") && { imatrix: await linkInput(context, "imatrix", params.imatrixName) }),
      ...(listed.size > 0 && { tensorTypes: "../out/tensor-types.txt" }),
    });
    // llama-quantize can ignore a rule silently, so the types in the written file are checked.
    const { tensors } = await readGguf(join(context.out, "model.gguf"));
    const fallbacks = findFallbacks(run.tensors);
    requireRules(listed, tensors, fallbacks);
    await reportVariant(context, fallbacks);
    return { commands: [run.argv], peakMemoryBytes: run.peakMemoryBytes };
  },
};
