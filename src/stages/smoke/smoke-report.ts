import type { ProjectorType } from "../../quant/names.js";
import { checkAnswer } from "./check-answer.js";
import { checkEmbedding } from "./check-embedding.js";
import type { Asked, SmokePrompt } from "./expectation.js";
import { rankCorrelation } from "./rank-correlation.js";
import type { ChildOutcome, Reply } from "./run-smoke-child.js";
import type { SmokeBaseReport } from "./smoke-base.js";
import { withoutUnmet } from "./unmet.js";

export interface SmokeAnswer {
  prompt: string;
  /** The projector through which the model saw the picture; absent without one. */
  projector?: ProjectorType;
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
  /** Prompts of which every expectation was checked and met. */
  passed: number;
  /** Prompts with failures; 1 for a problem without any. */
  failed: number;
  /** A failure of the model as a whole, one sentence; null without one. */
  problem: string | null;
  answers: SmokeAnswer[];
  /**
   * Embedding models: Spearman's correlation between the similarities of the sentence pairs and the base's; null if it
   * is undefined.
   */
  rankCorrelation?: number | null;
}

/** Checks the results of a child process. Pure. */
export function smokeReport(
  asked: readonly Asked[],
  base: SmokeBaseReport,
  outcome: Pick<ChildOutcome, "replies" | "problem" | "loaded" | "similarities">,
): SmokeReport {
  const answers = asked.map(({ prompt, index, projector }, i) => {
    const checked = checkReply(prompt, outcome.replies[i], base.answers[index]);
    return projector === undefined ? checked : { ...checked, projector };
  });
  const rank = rankToBase(base, outcome);
  const problem = outcome.problem ?? templateProblem(base, outcome) ?? rankProblem(rank, asked);
  const failed = answers.filter(({ failures }) => failures.length > 0).length;
  return {
    passed: answers.filter(({ failures, skipped }) => failures.length === 0 && skipped.length === 0).length,
    failed: problem !== null && failed === 0 ? 1 : failed,
    problem,
    answers,
    ...(rank === undefined ? {} : { rankCorrelation: Number.isNaN(rank) ? null : rank }),
  };
}

/** Detects damaged variants, like the smallest cosine of `checkEmbedding`. */
const minRank = 0.9;

/** Returns the rank correlation with the base; undefined for text models, and if the process ended before. */
function rankToBase(base: SmokeBaseReport, { similarities }: Pick<ChildOutcome, "similarities">): number | undefined {
  if (base.similarities === undefined || similarities === undefined) return undefined;
  return rankCorrelation(similarities, base.similarities);
}

/** Returns the failure of an embedding variant that orders the pairs differently; the strictest prompt's limit counts. */
function rankProblem(rank: number | undefined, asked: readonly Asked[]): string | null {
  const limits = asked.flatMap(({ prompt }) => prompt.expect?.rankToBase ?? []);
  const least = limits.length === 0 ? minRank : Math.max(...limits);
  // NaN fails.
  if (rank === undefined || rank >= least) return null;
  return `it orders 20 sentence pairs by similarity differently from its base: rank correlation ${rank.toFixed(3)}, below ${least}`;
}

/** Returns the failure of a variant without its base's chat template. */
function templateProblem(base: SmokeBaseReport, { loaded }: Pick<ChildOutcome, "loaded">): string | null {
  return base.template && loaded?.template === false ? "it lacks the chat template of its base" : null;
}

function checkReply(
  prompt: SmokePrompt,
  reply: Reply,
  base: SmokeBaseReport["answers"][number] | undefined,
): SmokeAnswer {
  const noAnswer = { prompt: prompt.prompt, answer: "", stopReason: "none" as const, tokens: 0, skipped: [] };
  if (reply === undefined) return { ...noAnswer, failures: ["no answer"] };
  const { text: baseText, unmet } = base !== undefined && "text" in base ? base : { text: undefined, unmet: [] };
  const skipped = unmet.map(({ expectation, reason }) => `\`${expectation}\`: the base fails this too (${reason})`);
  const excused = unmet.some(({ expectation }) => expectation === "answer");
  if (reply.kind === "failed") return { ...noAnswer, failures: excused ? [] : [reply.reason], skipped };
  if (reply.kind === "embedding") {
    const vector = base !== undefined && "vector" in base ? base.vector : [];
    return { ...noAnswer, ...checkEmbedding(reply.vector, vector, prompt.expect) };
  }
  const { text, stopReason, tokens, toolsShown } = reply;
  const { toolCall, cosineToBase: _cosine, rankToBase: _rank, ...expect } = prompt.expect ?? {};
  if (toolCall !== undefined && !toolsShown) skipped.push("`toolCall`: the chat template does not render tools");
  const check = { ...reply, expect: toolsShown ? { ...expect, toolCall } : expect, tools: prompt.tools ?? [] };
  const failures = excused ? [] : checkAnswer(withoutUnmet({ ...check, base: baseText }, unmet));
  return { prompt: prompt.prompt, answer: text, stopReason, tokens, failures, skipped };
}
