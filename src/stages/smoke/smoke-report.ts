import { checkAnswer } from "./check-answer.js";
import { checkEmbedding } from "./check-embedding.js";
import type { SmokePrompt } from "./expectation.js";
import type { ChildOutcome, Reply } from "./run-smoke-child.js";
import type { SmokeBaseReport } from "./smoke-base.js";

export interface SmokeAnswer {
  prompt: string;
  answer: string;
  /** `eogToken`: it ended its turn itself; `maxTokens`: it was cut; `none`: there was no answer in words. */
  stopReason: "eogToken" | "maxTokens" | "none";
  tokens: number;
  /** Embedding models only: cosine between the vector and the base's. */
  cosine?: number;
  /** One sentence each; empty when everything expected holds. */
  failures: string[];
  /** Expectations that could not be judged, and why. */
  skipped: string[];
}

/** `smoke.json`. A crash or a hang of the native code is a failed test, told in `problem`. */
export interface SmokeReport {
  /** Prompts with and without failures; a problem beside good answers counts as one failure. */
  passed: number;
  failed: number;
  /** What is wrong with the model as a whole, one sentence; null when nothing is. */
  problem: string | null;
  answers: SmokeAnswer[];
}

/** Judges what a child process told about a model. Pure. */
export function smokeReport(
  prompts: readonly SmokePrompt[],
  base: SmokeBaseReport,
  outcome: Pick<ChildOutcome, "replies" | "problem" | "loaded">,
): SmokeReport {
  const answers = prompts.map((prompt, index) =>
    checkReply(prompt, outcome.replies[index], base.answers[index] ?? null),
  );
  const problem = outcome.problem ?? templateProblem(base, outcome);
  const failed = answers.filter(({ failures }) => failures.length > 0).length;
  return {
    passed: answers.length - failed,
    failed: problem !== null && failed === 0 ? 1 : failed,
    problem,
    answers,
  };
}

/** A base without a template is no chat model, and neither are its variants. */
function templateProblem(base: SmokeBaseReport, { loaded }: Pick<ChildOutcome, "loaded">): string | null {
  return base.template && loaded?.template === false ? "it has lost the chat template of its base" : null;
}

function checkReply(prompt: SmokePrompt, reply: Reply, base: SmokeBaseReport["answers"][number]): SmokeAnswer {
  const nothing = { prompt: prompt.prompt, answer: "", stopReason: "none" as const, tokens: 0, skipped: [] };
  if (reply === undefined) return { ...nothing, failures: ["there was no answer"] };
  if (reply.kind === "failed") return { ...nothing, failures: [reply.reason] };
  if (reply.kind === "embedding") {
    const vector = base !== null && "vector" in base ? base.vector : [];
    return { ...nothing, ...checkEmbedding(reply.vector, vector, prompt.expect) };
  }
  const { text, stopReason, tokens, toolsShown } = reply;
  const { toolCall, cosineToBase, ...expect } = prompt.expect ?? {};
  const skipped = [
    ...(toolCall === undefined || toolsShown ? [] : ["`toolCall`: the chat template shows the model no tools"]),
    ...(cosineToBase === undefined ? [] : ["`cosineToBase`: this is no embedding model"]),
  ];
  const failures = checkAnswer({
    ...reply,
    expect: toolsShown ? { ...expect, toolCall } : expect,
    tools: prompt.tools ?? [],
    base: base !== null && "text" in base ? base.text : undefined,
  });
  return { prompt: prompt.prompt, answer: text, stopReason, tokens, failures, skipped };
}
