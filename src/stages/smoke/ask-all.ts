import type { Gguf } from "../../gguf/gguf.js";
import type { StageContext } from "../stage.js";
import { linkInput } from "../step-files.js";
import { type Asked, questionOf } from "./expectation.js";
import { type Asking, modelName, runPrompts } from "./run-prompts.js";
import type { ChildOutcome } from "./run-smoke-child.js";
import { showPictures } from "./show-pictures.js";

/**
 * Asks a step's `model`: texts in one child process, then each question about a picture in a process of its own, unless
 * the model failed before. Replies are in the order of `asked`. Throws the errors of `runPrompts` and `showPictures`.
 */
export async function askAll(
  gguf: Gguf,
  asked: readonly Asked[],
  asking: Asking,
  context: StageContext,
): Promise<ChildOutcome> {
  await linkInput(context, "model", modelName);
  const texts = asked.filter(({ projector }) => projector === undefined);
  const outcome = await runPrompts(
    gguf,
    texts.map(({ prompt }) => questionOf(prompt)),
    asking,
    context,
  );
  if (texts.length === asked.length || outcome.problem !== null) return { ...outcome, replies: placed() };
  const pictures = await showPictures(gguf, asked, asking.contextTokens, context);
  return {
    ...outcome,
    replies: placed().map((reply, index) => reply ?? pictures.replies.get(index)),
    peakMemoryBytes: Math.max(outcome.peakMemoryBytes, pictures.peakMemoryBytes),
  };

  function placed(): ChildOutcome["replies"] {
    return asked.map((one) => outcome.replies[texts.indexOf(one)]);
  }
}
