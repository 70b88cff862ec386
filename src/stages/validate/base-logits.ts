import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { assembleCorpus, type CorpusText, corpusName, type RenderConversations } from "../../corpus/assemble-corpus.js";
import { chatTemplate } from "../../corpus/chat.js";
import { chatRenderer } from "../../corpus/chat-template.js";
import { readGguf } from "../../gguf/read-header.js";
import { saveBaseLogits } from "../../llamacpp/perplexity.js";
import type { JsonObject } from "../../util/canonical-json.js";
import { sha256 } from "../../util/sha256.js";
import { requireMemory } from "../require-memory.js";
import { type Operation, requiredInput, type StageContext } from "../stage.js";
import { linkInput, toolRun, writeReport } from "../step-files.js";
import { warnOfAddedEos } from "../warn-of-added-eos.js";
import { textSegment } from "./text-segment.js";

export interface BaseLogitsParams extends JsonObject {
  texts: readonly CorpusText[];
  /** Maximum number of chunks; a shorter text gives fewer. */
  chunks: number;
  /** Tokens per chunk. */
  context: number;
  /** Part of the text; a large vocabulary splits the text, because the logits would be too large for one file. */
  part: { readonly index: number; readonly of: number };
}

/** `base.json`: the base model on the evaluation text. */
export interface BaseReport {
  perplexity: number;
  perplexityError: number;
  chunks: number;
  /** Logarithm of the perplexity of each chunk, in nats. */
  chunkLogPerplexities: readonly number[];
  context: number;
  corpus: string;
  /** Present if conversations of the corpus were rendered with the model's chat template. */
  chatTemplate?: true;
  /** sha256 of the whole corpus as one text, conversations as rendered. */
  corpusSha256: string;
}

/**
 * Evaluates the base model once on a text, or a part of it, and stores its logits for all variants. Conversations are
 * rendered with the model's chat template, if it has one, and its control tokens are parsed. Inputs `model`, `text0`…;
 * outputs `base.kld` (about 2 bytes × vocabulary × evaluated tokens) and `base.json`.
 * Errors: QS-VALIDATE-*, QS-TEXT-*, QS-TEMPLATE-LIMIT, QS-TOOL-CHAT.
 */
export const baseLogits: Operation<BaseLogitsParams> = {
  id: "base-logits",
  stage: "validate",
  version: 4,
  resource: "compute",
  usesDevices: () => true,
  tools: ["llama.cpp"],
  intermediates: ["base.kld"],
  async run(params, context) {
    await requireMemory(context, params.context);
    await warnOfAddedEos(context);
    const text = await assembleCorpus(params.texts, context, await conversationRenderer(context));
    const path = join(context.work, text.file);
    const content = await readFile(path, "utf8");
    if (params.part.of > 1) await writeFile(path, textSegment(content, params.part));
    // The tool writes into this file. It contains the text as tokens, which other users may not be allowed to read.
    await writeFile(join(context.out, "base.kld"), "", { mode: 0o600 });
    const run = await saveBaseLogits({
      ...(await toolRun(context)),
      model: await linkInput(context, "model", "model.gguf"),
      text: text.file,
      parseSpecial: text.rendered,
      out: "../out/base.kld",
      chunks: params.chunks,
      context: params.context,
    });
    const report: BaseReport = {
      perplexity: run.perplexity,
      perplexityError: run.perplexityError,
      chunks: run.chunks,
      chunkLogPerplexities: run.chunkLogPerplexities,
      context: params.context,
      corpus: corpusName(params.texts),
      ...(text.rendered ? { chatTemplate: true } : {}),
      corpusSha256: sha256(content),
    };
    await writeReport(context, "base.json", report);
    return { commands: [run.argv], peakMemoryBytes: run.peakMemoryBytes };
  },
};

/** Undefined for a model without a chat template, which reads conversations as plain text. */
async function conversationRenderer(context: StageContext): Promise<RenderConversations | undefined> {
  const gguf = await readGguf(requiredInput(context, "model"));
  return chatTemplate(gguf) === undefined ? undefined : chatRenderer(gguf, context);
}
