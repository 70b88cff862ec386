import { mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { quantizeDryRun } from "../../llamacpp/quantize-dry-run.js";
import type { TensorTypes } from "../allocate/tensor-types.js";
import type { PrepareContext } from "../stage.js";
import { linkInput } from "../step-files.js";
import type { QuantizeParams } from "./quantize.js";
import { tensorTypeFile } from "./tensor-rules.js";

/**
 * Runs `llama-quantize --dry-run` with rules on the input `model`, and `imatrix` if there is one; once for equal calls of a
 * plan.
 */
export function dryRun(
  { preset, imatrixName }: Pick<QuantizeParams, "preset" | "imatrixName">,
  listed: TensorTypes,
  context: PrepareContext,
): ReturnType<typeof quantizeDryRun> {
  const { input, once } = context;
  const rules = tensorTypeFile(listed);
  const run = async () => {
    // A separate folder, because `run` links the same inputs into the working folder.
    const own = { input, work: await mkdtemp(join(context.work, "dry-run-")) };
    const rulesFile = "tensor-types.txt";
    if (listed.size > 0) await writeFile(join(own.work, rulesFile), rules);
    return quantizeDryRun({
      toolchain: await context.toolchain(),
      cwd: own.work,
      threads: context.threads,
      signal: context.signal,
      model: await linkInput(own, "model", "model.gguf"),
      type: preset,
      ...(input("imatrix") && { imatrix: await linkInput(own, "imatrix", imatrixName) }),
      ...(listed.size > 0 && { tensorTypes: rulesFile }),
    });
  };
  const key = JSON.stringify(["dry run", input("model"), input("imatrix"), preset, rules]);
  return once === undefined ? run() : once(key, run);
}
