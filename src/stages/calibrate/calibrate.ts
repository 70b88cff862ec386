import { computeImatrix } from "../../llamacpp/imatrix.js";
import type { JsonObject } from "../../util/canonical-json.js";
import { assembleCorpus, type CorpusText, corpusName } from "../corpus.js";
import type { Operation } from "../stage.js";
import { linkInput, toolRun, writeReport } from "../step-files.js";

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
    const run = await computeImatrix({
      ...(await toolRun(context)),
      model: await linkInput(context, "model", "model.gguf"),
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
    await writeReport(context, "calibrate.json", report);
    return { commands: [run.argv], peakMemoryBytes: run.peakMemoryBytes };
  },
};
