import type { Gguf } from "../../gguf/gguf.js";
import type { StageContext } from "../stage.js";
import { linkInput } from "../step-files.js";
import { memoryLimit } from "./memory-limit.js";
import { isEmbeddingModel } from "./model-facts.js";
import type { SmokeQuestion } from "./protocol.js";
import { type ChildOutcome, runSmokeChild } from "./run-smoke-child.js";

/** A thread that has work shows up as busy however slow the machine is; only a stuck process is idle this long. */
const idleSeconds = 20;
/** For a prompt of the largest model on the slowest disk. */
const silentSeconds = 15 * 60;

/** Loads a step's `model` in a process of its own, within memory and time limits, and asks it the questions. */
export async function runPrompts(
  gguf: Gguf,
  questions: readonly SmokeQuestion[],
  contextTokens: number,
  context: StageContext,
): Promise<ChildOutcome> {
  const request = {
    model: await linkInput(context, "model", "model.gguf"),
    embeds: isEmbeddingModel(gguf),
    threads: context.threads,
    context: contextTokens,
    questions,
  };
  const limits = { memoryBytes: memoryLimit(gguf, contextTokens), idleSeconds, silentSeconds };
  return runSmokeChild(request, limits, context);
}
