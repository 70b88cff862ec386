import { readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type KldFigures, measureKld } from "../../llamacpp/kl-divergence.js";
import type { JsonObject } from "../../util/canonical-json.js";
import { type Operation, requiredInput } from "../stage.js";
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
    await symlink(requiredInput(context, "model"), join(context.work, "model.gguf"));
    await symlink(requiredInput(context, "base"), join(context.work, "base.kld"));
    const base = JSON.parse(await readFile(requiredInput(context, "baseReport"), "utf8")) as BaseReport;
    const {
      argv,
      seconds: _seconds,
      peakMemoryBytes,
      ...figures
    } = await measureKld({
      toolchain: await context.toolchain(),
      cwd: context.work,
      threads: context.threads,
      signal: context.signal,
      onProgress: context.progress,
      model: "model.gguf",
      base: "base.kld",
    });
    const report: QualityReport = { ...figures, corpus: base.corpus, context: base.context };
    await writeFile(join(context.out, "quality.json"), `${JSON.stringify(report, null, 2)}\n`);
    return { commands: [argv], peakMemoryBytes };
  },
};
