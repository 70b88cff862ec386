import { checkAnswer } from "./check-answer.js";
import { checkEmbedding } from "./check-embedding.js";
import type { SmokePrompt } from "./expectation.js";
import type { ChildOutcome, Reply } from "./run-smoke-child.js";
import type { SmokeBaseReport } from "./smoke-base.js";

export interface SmokeAnswer {
  prompt: string;
  answer: string;
  /** `eogToken`: the model ended its turn; `maxTokens`: the limit was reached; `none`: no text answer. */
  stopReason: "eogToken" | "maxTokens" | "none";
  tokens: number;
  /** Embedding models only: cosine between the vector and the base's. */
  cosine?: number;
  /** Unmet expectations, one sentence each. */
  failures: string[];
  /** Expectations that were not checked, with the reason. */
  skipped: string[];
}

/** `smoke.json`. A crash or a hang of the native code is a failed test with a `problem`. */
export interface SmokeReport {
  /** Prompts without failures. */
  passed: number;
  /** Prompts with failures; 1 for a problem without any. */
  failed: number;
  /** A failure of the model as a whole, one sentence; null without one. */
  problem: string | null;
  answers: SmokeAnswer[];
}

/** Checks the results of a child process. Pure. */
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

/** Returns the failure of a variant without its base's chat template. */
function templateProblem(base: SmokeBaseReport, { loaded }: Pick<ChildOutcome, "loaded">): string | null {
  return base.template && loaded?.template === false ? "it lacks the chat template of its base" : null;
}

function checkReply(prompt: SmokePrompt, reply: Reply, base: SmokeBaseReport["answers"][number]): SmokeAnswer {
  const noAnswer = { prompt: prompt.prompt, answer: "", stopReason: "none" as const, tokens: 0, skipped: [] };
  if (reply === undefined) return { ...noAnswer, failures: ["no answer"] };
  if (reply.kind === "failed") return { ...noAnswer, failures: [reply.reason] };
  if (reply.kind === "embedding") {
    const vector = base !== null && "vector" in base ? base.vector : [];
    return { ...noAnswer, ...checkEmbedding(reply.vector, vector, prompt.expect) };
  }
  const { text, stopReason, tokens, toolsShown } = reply;
  const { toolCall, cosineToBase, ...expect } = prompt.expect ?? {};
  const skipped = [
    ...(toolCall === undefined || toolsShown ? [] : ["`toolCall`: the chat template does not render tools"]),
    ...(cosineToBase === undefined ? [] : ["`cosineToBase`: the model is not an embedding model"]),
  ];
  const failures = checkAnswer({
    ...reply,
    expect: toolsShown ? { ...expect, toolCall } : expect,
    tools: prompt.tools ?? [],
    base: base !== null && "text" in base ? base.text : undefined,
  });
  return { prompt: prompt.prompt, answer: text, stopReason, tokens, failures, skipped };
}
