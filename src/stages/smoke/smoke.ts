import { fileURLToPath } from "node:url";
import type { JsonObject } from "../../util/canonical-json.js";
import { runSubprocess } from "../../util/subprocess.js";
import type { Operation, StageContext } from "../stage.js";
import { linkInput, writeReport } from "../step-files.js";
import { type Expectation, judgeAnswer } from "./judge-answer.js";
import type { SmokeMessage, SmokeRequest } from "./protocol.js";

export interface SmokePrompt {
  prompt: string;
  /** System prompt; the model gets none when absent. */
  system?: string | undefined;
  maxTokens?: number | undefined;
  expect?: Expectation | undefined;
}

export interface SmokeParams extends JsonObject {
  prompts: readonly (SmokePrompt & JsonObject)[];
  /** Tokens of context. */
  context: number;
}

/** `smoke.json`. A crash or a hang of the native code is a failed test, told in `problem`. */
export interface SmokeReport {
  passed: number;
  failed: number;
  problem: string | null;
  answers: { prompt: string; answer: string; stopReason: string; failures: string[] }[];
}

const defaultMaxTokens = 128;
const timeLimitMs = 15 * 60_000;

/**
 * Loads a variant as an application would and asks it the recipe's prompts, greedy, through its own chat template.
 * Input `model`; output `smoke.json`. A failing answer is a result, not an error.
 */
export const smoke: Operation<SmokeParams> = {
  stage: "smoke",
  version: 1,
  resource: "compute",
  tools: ["node-llama-cpp"],
  async run(params, context) {
    const { messages, problem, peakMemoryBytes } = await askChild(params, context);
    const report = summarise(params.prompts, messages, problem);
    await writeReport(context, "smoke.json", report);
    return { peakMemoryBytes, measurements: speed(messages) };
  },
};

async function askChild(params: SmokeParams, context: StageContext) {
  const request: SmokeRequest = {
    model: await linkInput(context, "model", "model.gguf"),
    threads: context.threads,
    context: params.context,
    prompts: params.prompts.map(({ prompt, system, maxTokens }) => ({
      prompt,
      system: system ?? null,
      maxTokens: maxTokens ?? defaultMaxTokens,
    })),
  };
  const result = await runSubprocess({
    file: process.execPath,
    args: [fileURLToPath(new URL("./child.js", import.meta.url))],
    cwd: context.work,
    input: JSON.stringify(request),
    signal: context.signal,
    timeoutMs: timeLimitMs,
    onText: (text, stream) => {
      if (stream !== "stdout") return;
      const index = /"kind":"answer","index":(\d+)/.exec(text)?.[1];
      if (index !== undefined) {
        context.progress({ done: Number(index) + 1, total: params.prompts.length, unit: "prompt" });
      }
    },
  });
  const messages = result.stdout.split("\n").flatMap(parseMessage);
  return { messages, problem: describeProblem(result), peakMemoryBytes: result.peakMemoryBytes };
}

/** Native code may print among our lines; whatever is not a message of ours is skipped. */
function parseMessage(line: string): SmokeMessage[] {
  if (!line.startsWith('{"kind":')) return [];
  return [JSON.parse(line) as SmokeMessage];
}

function describeProblem(result: Awaited<ReturnType<typeof runSubprocess>>): string | null {
  if (result.timedOut) return `no answer within ${timeLimitMs / 60_000} minutes`;
  if (result.signal !== undefined) return `the process was ended by ${result.signal}`;
  if (result.exitCode !== 0) return `the process ended with code ${result.exitCode}: ${result.tail}`;
  return null;
}

function summarise(
  prompts: readonly SmokePrompt[],
  messages: readonly SmokeMessage[],
  problem: string | null,
): SmokeReport {
  const answered = messages.filter((message) => message.kind === "answer");
  const answers = prompts.map(({ prompt, expect }, index) => {
    const answer = answered.find((message) => message.index === index);
    return {
      prompt,
      answer: answer?.text ?? "",
      stopReason: answer?.stopReason ?? "none",
      failures: answer === undefined ? ["there was no answer"] : judgeAnswer(answer.text, expect),
    };
  });
  const failedAnswers = answers.filter((answer) => answer.failures.length > 0).length;
  return {
    passed: answers.length - failedAnswers,
    // A crash after the last good answer is still a failure.
    failed: problem !== null && failedAnswers === 0 ? 1 : failedAnswers,
    problem,
    answers,
  };
}

function speed(messages: readonly SmokeMessage[]): Record<string, number> {
  const loaded = messages.find((message) => message.kind === "loaded");
  const answered = messages.filter((message) => message.kind === "answer");
  const tokens = answered.reduce((sum, message) => sum + message.tokens, 0);
  const seconds = answered.reduce((sum, message) => sum + message.seconds, 0);
  return {
    ...(loaded === undefined ? {} : { loadSeconds: loaded.seconds }),
    ...(seconds === 0 ? {} : { tokensPerSecond: tokens / seconds }),
  };
}
