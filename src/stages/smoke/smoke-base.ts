import { readGguf } from "../../gguf/read-header.js";
import type { ProjectorType } from "../../quant/names.js";
import type { JsonObject } from "../../util/canonical-json.js";
import { QuantsmithError } from "../../util/errors.js";
import { quote } from "../../util/quote.js";
import type { Warning } from "../../util/warnings.js";
import { type Operation, requiredInput } from "../stage.js";
import { writeReport } from "../step-files.js";
import { askAll } from "./ask-all.js";
import { type Asked, askedPrompts, type SmokePrompt } from "./expectation.js";
import { hasChatTemplate } from "./model-facts.js";
import type { Reply } from "./run-smoke-child.js";
import { findUnmet, type Unmet } from "./unmet.js";

export interface SmokeBaseParams extends JsonObject {
  prompts: readonly SmokePrompt[];
  /** The projector through which pictures are shown, the most exact; absent without pictures. */
  projector?: ProjectorType;
  /** Tokens of context. */
  context: number;
}

/** `smoke-base.json`: the reference for all variants of a recipe. */
export interface SmokeBaseReport {
  /** True if the base has a chat template. */
  template: boolean;
  /** One per prompt: a text with the expectations that it does not meet; embedding models and rerankers have vectors. */
  answers: readonly ({ text: string; unmet: readonly Unmet[] } | { vector: readonly number[] })[];
  /** Embedding models and rerankers: similarities of the sentence pairs. */
  similarities?: readonly number[];
}

/**
 * Answers the prompts with the base GGUF. Warns of an engine that renders them differently, and of expectations that the base
 * does not meet: they do not gate variants. Inputs `model`, and the projector and files of pictures; output
 * `smoke-base.json`. Errors: QS-SMOKE-BASE if the base does not run, or crashes on a picture; QS-GGUF-*; those of `askAll` and `renderChats`.
 */
export const smokeBase: Operation<SmokeBaseParams> = {
  id: "smoke-base",
  stage: "smoke",
  version: 5,
  resource: "compute",
  usesDevices: () => true,
  tools: ["node-llama-cpp", "llama.cpp"],
  async run({ prompts, projector, context: contextTokens }, context) {
    const gguf = await readGguf(requiredInput(context, "model"));
    const asked = askedPrompts(prompts, projector && [projector]);
    const outcome = await askAll(gguf, asked, { contextTokens, compareEngines: true }, context);
    if (outcome.problem !== null) throw baseFailure(outcome.problem);
    const answers = asked.map(({ prompt }, index) => baseAnswer(prompt, outcome.replies[index]));
    for (const warning of unmetWarning(prompts, answers)) context.warn(warning);
    for (const warning of toolsWarning(asked, outcome.replies)) context.warn(warning);
    const { similarities } = outcome;
    const measured = similarities === undefined ? {} : { similarities };
    const report: SmokeBaseReport = { template: hasChatTemplate(gguf), answers, ...measured };
    await writeReport(context, "smoke-base.json", report);
    return { peakMemoryBytes: outcome.peakMemoryBytes };
  },
};

/** Returns the base's answer with the expectations that it does not meet. Throws QS-SMOKE-BASE if it gives none. */
export function baseAnswer(
  { prompt, image, expect = {}, tools = [] }: SmokePrompt,
  reply: Reply,
): SmokeBaseReport["answers"][number] {
  if (reply === undefined) throw baseFailure(`${quote(prompt)}: no answer`);
  if (reply.kind === "embedding") return { vector: reply.vector };
  // A question about a picture has a process of its own.
  if (reply.kind === "failed" && image !== undefined) throw pictureFailure(prompt, reply.reason);
  if (reply.kind === "failed") return { text: "", unmet: [{ expectation: "answer", reason: reply.reason }] };
  // `smokeReport` skips `toolCall` for a template without tools.
  const { toolCall, cosineToBase: _cosine, rankToBase: _rank, ...others } = expect;
  const applicable = reply.toolsShown ? { ...others, toolCall } : others;
  const inapplicable = (["cosineToBase", "rankToBase"] as const).flatMap((expectation) =>
    expect[expectation] === undefined ? [] : [{ expectation, reason: "the model is not an embedding model" }],
  );
  return { text: reply.text, unmet: [...findUnmet({ ...reply, expect: applicable, tools }), ...inapplicable] };
}

/** Returns one warning for all prompts with unmet expectations. */
export function unmetWarning(prompts: readonly SmokePrompt[], answers: SmokeBaseReport["answers"]): Warning[] {
  const failing = answers.flatMap((answer, index) => {
    if (!("text" in answer) || answer.unmet.length === 0) return [];
    const reasons = answer.unmet.map(({ reason }) => reason).join("; ");
    return [`${quote(prompts[index]?.prompt ?? "")}: ${reasons}`];
  });
  if (failing.length === 0) return [];
  return [
    {
      code: "QW-SMOKE-BASE",
      message: `the base itself fails ${failing.length} of ${answers.length} smoke prompts; what it does not meet does not gate variants: ${failing.join(" · ")}`,
      remedy: unmetRemedy(answers.flatMap((answer) => ("text" in answer ? answer.unmet : []))),
    },
  ];
}

/** Names only what helps for these expectations; `answer` is none of the recipe, so it cannot be removed. */
function unmetRemedy(unmet: readonly Unmet[]): string {
  const has = (...names: Unmet["expectation"][]) => unmet.some(({ expectation }) => names.includes(expectation));
  const isOther = unmet.some(({ expectation }) => expectation !== "answer" && expectation !== "notRepeating");
  return [
    ...(has("answer") ? ["Increase `maxTokens` of a prompt without an answer, or replace it."] : []),
    ...(has("notRepeating") ? ["For a model that only completes text, set `notRepeating: false`."] : []),
    ...(isOther ? ["Ask what the model can do, or remove the expectations that it does not meet."] : []),
  ].join(" ");
}

/** Returns a warning if the chat template does not show the tools that a prompt requires the model to call. */
export function toolsWarning(asked: readonly Asked[], replies: readonly Reply[]): Warning[] {
  const unseen = asked.filter(({ prompt }, index) => {
    const reply = replies[index];
    return prompt.expect?.toolCall !== undefined && reply?.kind === "answer" && !reply.toolsShown;
  });
  if (unseen.length === 0) return [];
  return [
    {
      code: "QW-SMOKE-TOOLS",
      message: `the model's chat template does not show tools, so calls are not checked: ${unseen.map(({ prompt }) => quote(prompt.prompt)).join(" · ")}`,
      remedy: "Remove `tools` and `toolCall` from these prompts, or use a chat template with tools.",
    },
  ];
}

function baseFailure(reason: string): QuantsmithError {
  return new QuantsmithError("QS-SMOKE-BASE", `the base does not run in the smoke test: ${reason}`, {
    remedy:
      "Run again, with `--device cpu` if the run used a device. If node-llama-cpp cannot run this model, skip the smoke tests of its variants with `smoke: []`.",
  });
}

function pictureFailure(prompt: string, reason: string): QuantsmithError {
  return new QuantsmithError(
    "QS-SMOKE-BASE",
    `the base does not answer the smoke prompt ${quote(prompt)} about a picture: ${reason}`,
    { remedy: "Run again, with `--device cpu` if the run used a device, or remove this prompt's `image`." },
  );
}
