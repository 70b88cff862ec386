import { symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { computeImatrix } from "../../llamacpp/imatrix.js";
import type { JsonObject } from "../../util/canonical-json.js";
import { assembleCorpus, type CorpusText, corpusName } from "../corpus.js";
import { type Operation, requiredInput } from "../stage.js";

export interface CalibrateParams extends JsonObject {
  texts: readonly CorpusText[];
  /** Chunks at most; a shorter text gives fewer. */
  chunks: number;
  /** Tokens per chunk. */
  context: number;
}

/** `calibrate.json`. */
export interface CalibrateReport {
  corpus: string;
  chunks: number;
  context: number;
}

/**
 * Computes the importance matrix of the base model. Inputs `model`, `text0`…; outputs `imatrix.gguf`, `calibrate.json`.
 * Errors: QS-CALIBRATE-*, QS-TEXT-*.
 */
export const calibrate: Operation<CalibrateParams> = {
  stage: "calibrate",
  version: 1,
  resource: "compute",
  tools: ["llama.cpp"],
  async run(params, context) {
    const text = await assembleCorpus(params.texts, context);
    await symlink(requiredInput(context, "model"), join(context.work, "model.gguf"));
    const run = await computeImatrix({
      toolchain: await context.toolchain(),
      cwd: context.work,
      threads: context.threads,
      signal: context.signal,
      onProgress: context.progress,
      model: "model.gguf",
      text,
      out: "../out/imatrix.gguf",
      chunks: params.chunks,
      context: params.context,
    });
    const report: CalibrateReport = {
      corpus: corpusName(params.texts),
      chunks: run.chunks,
      context: params.context,
    };
    await writeFile(join(context.out, "calibrate.json"), `${JSON.stringify(report, null, 2)}\n`);
    return { commands: [run.argv], peakMemoryBytes: run.peakMemoryBytes };
  },
};
