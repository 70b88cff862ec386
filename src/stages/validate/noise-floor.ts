import { join } from "node:path";
import { extractChunks } from "../../llamacpp/base-logits.js";
import { type KldFigures, measureKld } from "../../llamacpp/kl-divergence.js";
import { requireMemory } from "../require-memory.js";
import { type Operation, requiredInput } from "../stage.js";
import { linkInput, readReport, toolRun, writeReport } from "../step-files.js";
import type { BaseReport } from "./base-logits.js";
import { dealChunks } from "./sequential-verdict.js";

/** `noise.json`: the base measured against its own logits; nonzero only because these are stored with 16 bits. */
export type NoiseReport = KldFigures;

/**
 * Measures the divergence of the base from itself, the noise floor, on the first block of chunks. Inputs `model` (the
 * 16-bit GGUF), `base` (logits), `baseReport`; output `noise.json`. Errors: QS-VALIDATE-*, QS-ENV-OOM.
 */
export const noiseFloor: Operation = {
  id: "noise-floor",
  stage: "validate",
  version: 1,
  resource: "compute",
  usesDevices: () => true,
  tools: ["llama.cpp"],
  async run(_params, context) {
    const base = await readReport<BaseReport>(requiredInput(context, "baseReport"));
    await requireMemory(context, base.context);
    const [first = []] = dealChunks(base.chunks, base.context);
    await extractChunks(requiredInput(context, "base"), join(context.work, "block.kld"), first);
    const model = await linkInput(context, "model", "model.gguf");
    const result = await measureKld({ ...(await toolRun(context)), model, base: "block.kld" });
    const report: NoiseReport = result.figures;
    await writeReport(context, "noise.json", report);
    return { commands: [result.argv], peakMemoryBytes: result.peakMemoryBytes };
  },
};
