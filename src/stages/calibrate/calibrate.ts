import { assembleCorpus, type CorpusText, corpusName } from "../../corpus/assemble-corpus.js";
import { chatRenderer } from "../../corpus/chat-template.js";
import { readGguf } from "../../gguf/read-header.js";
import { computeImatrix } from "../../llamacpp/imatrix.js";
import type { JsonObject } from "../../util/canonical-json.js";
import { type Operation, requiredInput } from "../stage.js";
import { linkInput, toolRun, writeReport } from "../step-files.js";

export interface CalibrateParams extends JsonObject {
  texts: readonly CorpusText[];
  /** Maximum number of chunks; a shorter text gives fewer. */
  chunks: number;
  /** Tokens per chunk. */
  context: number;
  /** Whether conversations are rendered with the model's chat template and its control tokens are parsed. */
  chatTemplate: boolean;
}

/** `calibrate.json`. */
export interface CalibrateReport {
  corpus: string;
  chunks: number;
  context: number;
  chatTemplate: boolean;
}

/**
 * Computes the importance matrix of the base model. Inputs `model`, `text0`…; outputs `imatrix.gguf`, `calibrate.json`.
 * Errors: QS-CALIBRATE-*, QS-TEXT-*.
 */
export const calibrate: Operation<CalibrateParams> = {
  id: "calibrate",
  stage: "calibrate",
  version: 2,
  resource: "compute",
  tools: ["llama.cpp"],
  async run(params, context) {
    const { chatTemplate } = params;
    const render = chatTemplate ? chatRenderer(await readGguf(requiredInput(context, "model"))) : undefined;
    const text = await assembleCorpus(params.texts, context, render);
    const run = await computeImatrix({
      ...(await toolRun(context)),
      model: await linkInput(context, "model", "model.gguf"),
      text,
      out: "../out/imatrix.gguf",
      chunks: params.chunks,
      context: params.context,
      parseSpecial: chatTemplate,
    });
    const report: CalibrateReport = {
      corpus: corpusName(params.texts),
      chunks: run.chunks,
      context: params.context,
      chatTemplate,
    };
    await writeReport(context, "calibrate.json", report);
    return { commands: [run.argv], peakMemoryBytes: run.peakMemoryBytes };
  },
};
