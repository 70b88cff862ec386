import { readGguf } from "../../gguf/read-header.js";
import type { JsonObject } from "../../util/canonical-json.js";
import { QuantsmithError } from "../../util/errors.js";
import { quote } from "../../util/quote.js";
import { type Operation, requiredInput } from "../stage.js";
import { writeReport } from "../step-files.js";
import { hasChatTemplate, modelKind } from "./model-facts.js";
import type { SmokeQuestion } from "./protocol.js";
import { promptWarnings } from "./render-prompts.js";
import { runPrompts } from "./run-prompts.js";

export interface SmokeBaseParams extends JsonObject {
  /** `compared`: true if variants are compared with the base's answer. */
  questions: readonly (SmokeQuestion & { compared: boolean })[];
  /** Tokens of context. */
  context: number;
}

/** `smoke-base.json`: the reference for all variants of a recipe. */
export interface SmokeBaseReport {
  /** True if the base has a chat template. */
  template: boolean;
  /** One per question; null for questions without comparison. Embedding models and rerankers have vectors, others texts. */
  answers: readonly ({ text: string } | { vector: readonly number[] } | null)[];
  /** Embedding models and rerankers: similarities of the sentence pairs. */
  similarities?: readonly number[];
}

/**
 * Answers the compared questions with the base GGUF, and warns of an engine that renders the questions differently.
 * Input `model`; output `smoke-base.json`. Errors: QS-SMOKE-BASE if the base fails; QS-SMOKE-RUNTIME; QS-GGUF-*; those of
 * `renderChats`.
 */
export const smokeBase: Operation<SmokeBaseParams> = {
  id: "smoke-base",
  stage: "smoke",
  version: 3,
  resource: "compute",
  evaluatesModel: () => true,
  tools: ["node-llama-cpp", "llama.cpp"],
  async run({ questions, context: contextTokens }, context) {
    const gguf = await readGguf(requiredInput(context, "model"));
    if (modelKind(gguf) === "text") {
      for (const warning of await promptWarnings(gguf, questions, context)) context.warn(warning);
    }
    const compared = questions.filter(({ compared }) => compared || modelKind(gguf) !== "text");
    const outcome = compared.length === 0 ? undefined : await runPrompts(gguf, compared, contextTokens, context);
    if (outcome?.problem != null) throw baseFailure(outcome.problem);
    const answers = questions.map((question) => {
      const index = compared.indexOf(question);
      const reply = outcome?.replies[index];
      if (index === -1) return null;
      if (reply?.kind === "answer") return { text: reply.text };
      if (reply?.kind === "embedding") return { vector: reply.vector };
      throw baseFailure(`${quote(question.prompt)}: ${reply?.reason ?? "no answer"}`);
    });
    const { similarities } = outcome ?? {};
    const measured = similarities === undefined ? {} : { similarities };
    const report: SmokeBaseReport = { template: hasChatTemplate(gguf), answers, ...measured };
    await writeReport(context, "smoke-base.json", report);
    return { peakMemoryBytes: outcome?.peakMemoryBytes ?? 0 };
  },
};

function baseFailure(reason: string): QuantsmithError {
  return new QuantsmithError("QS-SMOKE-BASE", `the 16-bit base fails the smoke test: ${reason}`, {
    remedy: "Correct the prompt, or remove its `sameAsBase`.",
  });
}
