import { saveBaseLogits } from "../../llamacpp/perplexity.js";
import type { JsonObject } from "../../util/canonical-json.js";
import { assembleCorpus, type CorpusText, corpusName } from "../corpus.js";
import type { Operation } from "../stage.js";
import { linkInput, toolRun, writeReport } from "../step-files.js";

export interface BaseLogitsParams extends JsonObject {
  texts: readonly CorpusText[];
  /** Chunks at most; a shorter text gives fewer. */
  chunks: number;
  /** Tokens per chunk. */
  context: number;
}

/** `base.json`: the base model on the evaluation text. */
export interface BaseReport {
  perplexity: number;
  perplexityError: number;
  chunks: number;
  context: number;
  corpus: string;
}

/**
 * Evaluates the base model once and keeps its logits for all variants. Inputs `model`, `text0`…; outputs `base.kld`
 * (about 2 bytes × vocabulary × evaluated tokens) and `base.json`. Errors: QS-VALIDATE-*, QS-TEXT-*.
 */
export const baseLogits: Operation<BaseLogitsParams> = {
  stage: "validate",
  version: 1,
  resource: "compute",
  tools: ["llama.cpp"],
  intermediates: ["base.kld"],
  async run(params, context) {
    const text = await assembleCorpus(params.texts, context);
    const run = await saveBaseLogits({
      ...(await toolRun(context)),
      model: await linkInput(context, "model", "model.gguf"),
      text,
      out: "../out/base.kld",
      chunks: params.chunks,
      context: params.context,
    });
    const report: BaseReport = {
      perplexity: run.perplexity,
      perplexityError: run.perplexityError,
      chunks: run.chunks,
      context: params.context,
      corpus: corpusName(params.texts),
    };
    await writeReport(context, "base.json", report);
    return { commands: [run.argv], peakMemoryBytes: run.peakMemoryBytes };
  },
};
