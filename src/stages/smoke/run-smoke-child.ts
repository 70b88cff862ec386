import { fileURLToPath } from "node:url";
import { visibleEnvironment } from "../../llamacpp/compute/visible-devices.js";
import { parseChildMessage } from "../../util/child-message.js";
import { QuantsmithError } from "../../util/errors.js";
import { lineReader } from "../../util/line-reader.js";
import { packageRoot } from "../../util/package-root.js";
import type { ProcessLimits } from "../../util/process-watch.js";
import { runSubprocess, type SubprocessResult } from "../../util/subprocess.js";
import type { StageContext } from "../stage.js";
import { describeExit, publicReason } from "./describe-exit.js";
import type { AnswerMessage, EmbeddingMessage, SmokeMessage, SmokeRequest } from "./protocol.js";

/** The model's reply to one question; undefined if the process ended before it. */
export type Reply = AnswerMessage | EmbeddingMessage | Extract<SmokeMessage, { kind: "failed" }> | undefined;

export interface ChildOutcome {
  /** In the order of the questions. */
  replies: readonly Reply[];
  /** The reason why the model was not loaded or its process failed; null without one. */
  problem: string | null;
  /** Undefined if the model was not loaded. */
  loaded: Extract<SmokeMessage, { kind: "loaded" }> | undefined;
  /** Cosines of the request's pairs; undefined for text models, and if the process ended before. */
  similarities?: readonly number[];
  /** Resident memory including mapped files. */
  peakMemoryBytes: number;
}

/**
 * Loads a model and answers questions in a child process. `problem` describes a crash, a hang or insufficient memory.
 * Errors that are independent of the model: QS-SMOKE-RUNTIME if node-llama-cpp does not start, QS-SMOKE-KILLED if
 * another process killed the child.
 */
export async function runSmokeChild(
  request: SmokeRequest,
  limits: ProcessLimits,
  context: Pick<StageContext, "work" | "signal" | "progress" | "compute">,
): Promise<ChildOutcome> {
  const messages: SmokeMessage[] = [];
  const readLines = lineReader((line) => {
    const message = parseChildMessage<SmokeMessage>(line);
    if (message === undefined) return;
    messages.push(
      message.kind === "failed" ? { ...message, reason: publicReason(message.reason, context.work) } : message,
    );
    if (!("index" in message) || message.index === null) return;
    context.progress({ done: message.index + 1, total: request.questions.length, unit: "prompt" });
  });
  const result = await runSubprocess({
    file: process.execPath,
    // The compiled file, also if this file runs from source under vitest.
    args: [fileURLToPath(new URL("dist/stages/smoke/child.js", packageRoot))],
    cwd: context.work,
    env: visibleEnvironment(context.compute),
    input: JSON.stringify(request),
    signal: context.signal,
    limits,
    onText: (text, stream) => {
      if (stream === "stdout") readLines(text);
    },
  });
  const failure = messages.find((message) => message.kind === "failed" && message.index === null);
  requireNotKilled(result);
  if (result.exitCode !== 0 && result.breach === undefined && !messages.some(({ kind }) => kind === "ready")) {
    const { backend } = request;
    const on = backend === "cpu" ? "" : ` with ${backend}`;
    throw new QuantsmithError("QS-SMOKE-RUNTIME", `node-llama-cpp, which runs the smoke tests, does not start${on}`, {
      remedy: `Run \`quantsmith doctor\`, then reinstall quantsmith's npm packages without \`--omit=optional\`${backend === "cpu" ? "" : ", or use `--device cpu`"}.`,
      output: result.tail,
    });
  }
  const replies = request.questions.map((_, index) => messages.findLast((message) => isReply(message, index)) as Reply);
  const loaded = messages.find((message) => message.kind === "loaded");
  const problem =
    failure?.kind === "failed"
      ? `it could not be ${loaded === undefined ? "loaded" : "run"}: ${failure.reason}`
      : describeExit(result, { folder: context.work, limits }, position(loaded !== undefined, replies));
  const similarities = messages.find((message) => message.kind === "similarities")?.values;
  const measured = similarities === undefined ? {} : { similarities };
  return { replies, problem, loaded, ...measured, peakMemoryBytes: result.peakMemoryBytes };
}

/** Throws for a signal not sent by quantsmith, since a stored verdict would also fail the next run. */
export function requireNotKilled({ signal, breach, tail }: SubprocessResult): void {
  if (breach !== undefined || (signal !== "SIGKILL" && signal !== "SIGTERM")) return;
  throw new QuantsmithError("QS-SMOKE-KILLED", `another process killed the smoke test (${signal})`, {
    remedy: "Close other programs and run again; most likely the system ran out of memory.",
    output: tail,
  });
}

function isReply(message: SmokeMessage, index: number): boolean {
  return "index" in message && message.index === index;
}

function position(loaded: boolean, replies: readonly Reply[]): string {
  if (!loaded) return "while it was loaded";
  const next = replies.indexOf(undefined);
  return next === -1 ? "after the last prompt" : `at prompt ${next + 1} of ${replies.length}`;
}
