import { type KldFigures, measureKld } from "../../llamacpp/kl-divergence.js";
import type { JsonObject } from "../../util/canonical-json.js";
import { type Operation, requiredInput } from "../stage.js";
import { linkInput, readReport, toolRun, writeReport } from "../step-files.js";
import type { BaseReport } from "./base-logits.js";

/** `quality.json`: llama-perplexity's figures of one variant against the base. */
export interface QualityReport extends KldFigures {
  corpus: string;
  context: number;
}

/**
 * Measures one variant against the base's logits. Inputs `model`, `base` (logits), `baseReport`;
 * output `quality.json`. Errors: QS-VALIDATE-*.
 */
export const measureQuality: Operation<JsonObject> = {
  stage: "validate",
  version: 1,
  resource: "compute",
  tools: ["llama.cpp"],
  async run(_params, context) {
    const base = await readReport<BaseReport>(requiredInput(context, "baseReport"));
    const {
      argv,
      seconds: _seconds,
      peakMemoryBytes,
      ...figures
    } = await measureKld({
      ...(await toolRun(context)),
      model: await linkInput(context, "model", "model.gguf"),
      base: await linkInput(context, "base", "base.kld"),
    });
    const report: QualityReport = { ...figures, corpus: base.corpus, context: base.context };
    await writeReport(context, "quality.json", report);
    return { commands: [argv], peakMemoryBytes };
  },
};
