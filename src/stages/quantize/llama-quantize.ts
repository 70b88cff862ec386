import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readGguf } from "../../gguf/read-header.js";
import { quantize } from "../../llamacpp/quantize.js";
import { type Operation, requiredInput } from "../stage.js";
import { linkInput, toolRun } from "../step-files.js";
import { predictVariantBytes } from "./predict-variant.js";
import { type QuantizeParams, reportVariant } from "./quantize.js";
import { answeredRules, ruledTypes, tensorTypeFile } from "./tensor-rules.js";

/**
 * Makes one variant with llama-quantize, the reference for `bank.ts`. Inputs `model`, optional `imatrix`, optional
 * `rules` (a type map from allocate, in place of the recipe's rules); outputs `model.gguf`, `quantize.json` and, with
 * rules, `tensor-types.txt`. Errors: QS-QUANTIZE-*, QS-DISK-FULL.
 */
export const quantizeByTool: Operation<QuantizeParams> = {
  id: "quantize-tool",
  stage: "quantize",
  version: 1,
  resource: "compute",
  tools: ["llama.cpp"],
  predictBytes: predictVariantBytes,
  async run(params, context) {
    const wanted = await ruledTypes(params, context, await readGguf(requiredInput(context, "model")));
    if (wanted.size > 0) await writeFile(join(context.out, "tensor-types.txt"), tensorTypeFile(wanted));
    const run = await quantize({
      ...(await toolRun(context)),
      model: await linkInput(context, "model", "model.gguf"),
      out: "../out/model.gguf",
      type: params.preset,
      ...(context.input("imatrix") && { imatrix: await linkInput(context, "imatrix", params.imatrixName) }),
      ...(wanted.size > 0 && { tensorTypes: "../out/tensor-types.txt" }),
    });
    // llama-quantize can ignore a rule without a word, so what it wrote is read back.
    const { tensors } = await readGguf(join(context.out, "model.gguf"));
    await reportVariant(context, answeredRules(wanted, tensors, run.fallbacks));
    return { commands: [run.argv], peakMemoryBytes: run.peakMemoryBytes };
  },
};
