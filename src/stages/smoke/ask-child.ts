import { fileURLToPath } from "node:url";
import { QuantsmithError } from "../../util/errors.js";
import { packageRoot } from "../../util/package-root.js";
import type { ProcessLimits } from "../../util/process-watch.js";
import { runSubprocess } from "../../util/subprocess.js";
import type { StageContext } from "../stage.js";
import { describeEnd } from "./describe-end.js";
import type { AnswerMessage, EmbeddingMessage, SmokeMessage, SmokeRequest } from "./protocol.js";

/** What a model gave for one question; undefined when it did not come to it. */
export type Reply = AnswerMessage | EmbeddingMessage | Extract<SmokeMessage, { kind: "failed" }> | undefined;

export interface ChildOutcome {
  /** In the order of the questions. */
  replies: readonly Reply[];
  /** Why the model could not be loaded, or its process did not reach its end. */
  problem: string | null;
  /** Undefined when it was not loaded. */
  loaded: Extract<SmokeMessage, { kind: "loaded" }> | undefined;
  /** Resident, mapped files included. */
  peakMemoryBytes: number;
}

/**
 * Has a process of its own load a model and answer. A crash, a hang or a lack of memory there is told in `problem`.
 * Errors: QS-SMOKE-RUNTIME when node-llama-cpp does not even start, which says nothing about the model.
 */
export async function askChild(
  request: SmokeRequest,
  limits: ProcessLimits,
  context: Pick<StageContext, "work" | "signal" | "progress">,
): Promise<ChildOutcome> {
  const messages: SmokeMessage[] = [];
  const readLines = lineReader((line) => {
    const message = parseMessage(line);
    if (message === undefined) return;
    messages.push(message);
    if (!("index" in message) || message.index === null) return;
    context.progress({ done: message.index + 1, total: request.questions.length, unit: "prompt" });
  });
  const result = await runSubprocess({
    file: process.execPath,
    // The compiled file also when this one runs from source under vitest.
    args: [fileURLToPath(new URL("dist/stages/smoke/child.js", packageRoot))],
    cwd: context.work,
    input: JSON.stringify(request),
    signal: context.signal,
    limits,
    onText: (text, stream) => {
      if (stream === "stdout") readLines(text);
    },
  });
  const failure = messages.find((message) => message.kind === "failed" && message.index === null);
  if (result.exitCode !== undefined && result.exitCode !== 0 && !messages.some(({ kind }) => kind === "ready")) {
    throw new QuantsmithError("QS-SMOKE-RUNTIME", "node-llama-cpp, which runs the smoke tests, does not start", {
      remedy: "Install quantsmith's packages again, optional ones included; `quantsmith doctor` shows what is missing.",
      output: result.tail,
    });
  }
  const replies = request.questions.map((_, index) => messages.findLast((message) => isReply(message, index)) as Reply);
  const loaded = messages.find((message) => message.kind === "loaded");
  const problem =
    failure?.kind === "failed"
      ? `it could not be ${loaded === undefined ? "loaded" : "run"}: ${failure.reason}`
      : describeEnd(result, limits, position(loaded !== undefined, replies));
  return { replies, problem, loaded, peakMemoryBytes: result.peakMemoryBytes };
}

function isReply(message: SmokeMessage, index: number): boolean {
  return "index" in message && message.index === index;
}

function position(loaded: boolean, replies: readonly Reply[]): string {
  if (!loaded) return "while it was loaded";
  const next = replies.indexOf(undefined);
  return next === -1 ? "after the last prompt" : `at prompt ${next + 1} of ${replies.length}`;
}

function lineReader(onLine: (line: string) => void): (text: string) => void {
  let rest = "";
  return (text) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line);
  };
}

/** Native code may print among our lines; whatever is not a message of ours is skipped. */
function parseMessage(line: string): SmokeMessage | undefined {
  if (!line.startsWith('{"kind":')) return undefined;
  try {
    return JSON.parse(line) as SmokeMessage;
  } catch {
    return undefined;
  }
}
