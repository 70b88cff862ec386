import type { Gguf } from "../../gguf/gguf.js";
import type { ProcessLimits } from "../../util/process-watch.js";
import { requireMemory } from "../require-memory.js";
import type { StageContext } from "../stage.js";
import { memoryLimit } from "./memory-limit.js";
import { modelKind } from "./model-facts.js";
import { withToolCalls } from "./parse-tool-calls.js";
import type { SmokeQuestion } from "./protocol.js";
import { renderPrompts } from "./render-prompts.js";
import { type ChildOutcome, runSmokeChild } from "./run-smoke-child.js";
import { sentencePairs } from "./sentence-pairs.js";

/** The model's name in the working folder. */
export const modelName = "model.gguf";

/** A working process uses CPU time on any machine; only a stuck one is idle this long. */
const idleSeconds = 20;
/** A thread that waits for a device uses none. */
const idleDeviceSeconds = 120;
/** Long enough for a prompt of the largest model on a slow disk. */
const silentSeconds = 15 * 60;

/** Returns the limits of a process that loads a model. */
export function processLimits(memoryBytes: number, { backend }: StageContext["compute"]): ProcessLimits {
  return { memoryBytes, idleSeconds: backend === "cpu" ? idleSeconds : idleDeviceSeconds, silentSeconds };
}

/** How questions are asked. */
export interface Asking {
  contextTokens: number;
  /** Whether the renderings of other engines are compared, with a warning. */
  compareEngines: boolean;
}

/**
 * Loads the model in a child process, within memory and time limits, and runs the questions. Throws the errors of
 * `requireMemory`, `renderChats` and `runSmokeChild`.
 */
export async function runPrompts(
  gguf: Gguf,
  questions: readonly SmokeQuestion[],
  { contextTokens, compareEngines }: Asking,
  context: StageContext,
): Promise<ChildOutcome> {
  const { compute } = context;
  await requireMemory(context, contextTokens);
  const kind = modelKind(gguf);
  const warn = compareEngines ? context.warn : undefined;
  const request = {
    model: modelName,
    kind,
    threads: context.threads,
    backend: compute.backend,
    gpuLayers: compute.placement.gpuLayers,
    context: contextTokens,
    questions,
    pairs: kind === "text" ? [] : sentencePairs,
    rendered: kind === "text" ? await renderPrompts(gguf, questions, context, warn) : [],
  };
  const limits = processLimits(memoryLimit(gguf, contextTokens, compute.backend), compute);
  const outcome = await runSmokeChild(request, limits, context);
  if (compute.backend !== "cpu" && outcome.loaded !== undefined) context.layers(outcome.loaded.gpuLayers);
  return { ...outcome, replies: await withToolCalls(outcome.replies, request, gguf, context) };
}
