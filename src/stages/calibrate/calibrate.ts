import { assembleCorpus, type CorpusText, corpusName, noConversationError } from "../../corpus/assemble-corpus.js";
import { chatRenderer } from "../../corpus/chat-template.js";
import type { Gguf } from "../../gguf/gguf.js";
import { readGguf } from "../../gguf/read-header.js";
import { computeImatrix } from "../../llamacpp/imatrix.js";
import { tensorRows } from "../../quant/source-tensor.js";
import type { JsonObject } from "../../util/canonical-json.js";
import { requireMemory } from "../require-memory.js";
import { type Prepared, type PreparedOperation, requiredInput } from "../stage.js";
import { linkInput, toolRun, writeReport } from "../step-files.js";
import { warnOfAddedEos } from "../warn-of-added-eos.js";
import { computeMomentsInPasses } from "./compute-moments.js";
import { type MomentsPlan, planMoments } from "./plan-moments.js";

export interface CalibrateParams extends JsonObject {
  texts: readonly CorpusText[];
  /** Maximum number of chunks; a shorter text gives fewer. */
  chunks: number;
  /** Tokens per chunk. */
  context: number;
  /** Whether conversations are rendered with the model's chat template and its control tokens are parsed. */
  chatTemplate: boolean;
  /** Whether the second moments for error-feedback rounding are computed too. */
  moments: boolean;
}

/** `calibrate.json`. */
export interface CalibrateReport {
  corpus: string;
  chunks: number;
  context: number;
  chatTemplate: boolean;
}

interface CalibratePlan extends Prepared {
  moments: MomentsPlan | undefined;
}

/**
 * Computes the importance matrix of the base model, and optionally the second moments of the inputs of its weights. Inputs
 * `model`, `text0`…; outputs `imatrix.gguf`, `calibrate.json`, optional `moments.gguf`.
 * Errors: QS-CALIBRATE-*, QS-TEXT-*, QS-TEMPLATE-LIMIT, QS-TOOL-CHAT, QS-TOOL-ROUNDING.
 */
export const calibrate: PreparedOperation<CalibrateParams, CalibratePlan> = {
  id: "calibrate",
  stage: "calibrate",
  version: 4,
  resource: "compute",
  usesDevices: () => true,
  tools: ["llama.cpp"],
  intermediates: ["moments.gguf"],
  async prepare({ moments }, context) {
    const base = await readGguf(requiredInput(context, "model"));
    const bytes = imatrixBytes(base);
    if (!moments) return { moments: undefined, bytes };
    const plan = planMoments(base, process.availableMemory() / 2);
    // Files of several passes are joined.
    return { moments: plan, bytes: bytes + plan.fileBytes * (plan.passes.length > 1 ? 2 : 1) };
  },
  async run(params, context, plan) {
    const { chatTemplate } = params;
    await requireMemory(context, params.context);
    await warnOfAddedEos(context);
    const render = chatTemplate ? chatRenderer(await readGguf(requiredInput(context, "model")), context) : undefined;
    const text = await assembleCorpus(params.texts, context, render);
    if (chatTemplate && !text.rendered) throw noConversationError(params.texts);
    const options = {
      ...(await toolRun(context)),
      model: await linkInput(context, "model", "model.gguf"),
      text: text.file,
      chunks: params.chunks,
      context: params.context,
      parseSpecial: chatTemplate,
    };
    const run = await (plan.moments === undefined
      ? computeImatrix({ ...options, out: "../out/imatrix.gguf" })
      : computeMomentsInPasses(options, plan.moments, context));
    const report: CalibrateReport = {
      corpus: corpusName(params.texts),
      chunks: run.chunks,
      context: params.context,
      chatTemplate,
    };
    await writeReport(context, "calibrate.json", report);
    return { commands: "commands" in run ? run.commands : [run.argv], peakMemoryBytes: run.peakMemoryBytes };
  },
};

/** Upper estimate of the bytes of the imatrix: two F32 values per column, and its header. */
function imatrixBytes({ tensors }: Gguf): number {
  const columns = tensors.reduce((sum, tensor) => sum + tensorRows(tensor).columns * tensorRows(tensor).experts, 0);
  return 8 * columns + 512 * tensors.length + 2 ** 16;
}
