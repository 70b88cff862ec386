import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readUnchanged } from "../../corpus/read-unchanged.js";
import type { Gguf } from "../../gguf/gguf.js";
import { readGguf } from "../../gguf/read-header.js";
import { projectorBytes } from "../../hardware/memory/projector.js";
import { askAboutPicture } from "../../llamacpp/ask-about-picture.js";
import { toolFailure } from "../../llamacpp/tool-failure.js";
import type { ToolRun } from "../../llamacpp/tool-run.js";
import { visionToolchain } from "../../llamacpp/toolchain/vision-tool.js";
import { QuantsmithError } from "../../util/errors.js";
import { requiredInput, type StageContext } from "../stage.js";
import { linkInput, projectorInput, toolRun } from "../step-files.js";
import { describeExit } from "./describe-exit.js";
import type { Asked, SmokePrompt } from "./expectation.js";
import { memoryLimit } from "./memory-limit.js";
import { modelName, processLimits } from "./run-prompts.js";
import { type Reply, requireNotKilled } from "./run-smoke-child.js";
import { testPicture } from "./test-picture.js";

export interface PictureReplies {
  /** By the index in `asked`. */
  replies: ReadonlyMap<number, Reply>;
  peakMemoryBytes: number;
}

/**
 * Asks each question about a picture in a process of its own, with limits on memory and time. A crash, a hang or a tool
 * that rejects the files is a failed reply. Inputs of `context`: the projectors and the pictures.
 * Throws QS-SMOKE-PICTURE, QS-SMOKE-KILLED, QS-INPUT-CHANGED, QS-TOOL-*, QS-COMPUTE-*, QS-GGUF-*.
 */
export async function showPictures(
  gguf: Gguf,
  asked: readonly Asked[],
  contextTokens: number,
  context: StageContext,
): Promise<PictureReplies> {
  const run = await toolRun(context);
  const toolchain = await visionToolchain(run.toolchain, { signal: context.signal, onProgress: context.note });
  const projectors = new Set(asked.flatMap(({ projector }) => projector ?? []));
  for (const type of projectors) await linkInput(context, projectorInput(type), projectorName(type));
  const replies = new Map<number, Reply>();
  let peakMemoryBytes = 0;
  for (const [index, { prompt, projector }] of asked.entries()) {
    if (projector === undefined || prompt.image === undefined) continue;
    const tower = await readGguf(requiredInput(context, projectorInput(projector)));
    // The projector's file is mapped, too.
    const memory = memoryLimit(gguf, contextTokens, context.compute.backend) + tower.fileBytes + projectorBytes(tower);
    const files = {
      model: modelName,
      projector: projectorName(projector),
      picture: await writePicture(prompt.image, context),
    };
    const limited = { ...run, toolchain, limits: processLimits(memory, context.compute) };
    const asking = await showPicture(limited, files, prompt, contextTokens);
    replies.set(index, { ...asking.reply, index });
    peakMemoryBytes = Math.max(peakMemoryBytes, asking.peakMemoryBytes);
    context.progress({ done: index + 1, total: asked.length, unit: "prompt" });
  }
  return { replies, peakMemoryBytes };
}

const projectorName = (type: string) => `mmproj-${type}.gguf`;

async function showPicture(
  run: ToolRun & Required<Pick<ToolRun, "limits">>,
  files: { model: string; projector: string; picture: string },
  { prompt, image = "", maxTokens }: SmokePrompt,
  context: number,
): Promise<{ reply: NonNullable<Reply>; peakMemoryBytes: number }> {
  const { answer, result } = await askAboutPicture({ ...run, ...files, prompt, maxTokens, context });
  requireNotKilled(result);
  if (/failed to decode buffer/.test(result.stderr)) {
    throw new QuantsmithError("QS-SMOKE-PICTURE", `llama.cpp cannot decode the picture ${image}`, {
      remedy: "Name another picture in the recipe, of at most a few thousand pixels in width and height.",
    });
  }
  // The launcher's exit codes for a program that does not start.
  if (result.exitCode === 126 || result.exitCode === 127) {
    const otherwise = { code: "QS-TOOL-BROKEN" as const, remedy: "Run `quantsmith doctor`." };
    throw toolFailure(result, { doing: "showing a picture to the model", otherwise });
  }
  const { peakMemoryBytes } = result;
  if (answer === undefined) {
    const reason = describeExit(result, { ...run, folder: run.cwd }, "while it processed the picture") ?? "no answer";
    return { reply: { kind: "failed", index: 0, reason }, peakMemoryBytes };
  }
  const { ended, ...figures } = answer;
  const stopReason = ended ? "eogToken" : "maxTokens";
  const reply = { kind: "answer", index: 0, ...figures, stopReason, toolsShown: false, schemaFault: null } as const;
  return { reply, peakMemoryBytes };
}

/** Writes a picture to the working folder. Throws QS-INPUT-CHANGED for a file that is not the planned one. */
async function writePicture(image: string, context: StageContext): Promise<string> {
  const bytes =
    image === "bundled" ? testPicture() : await readUnchanged(requiredInput(context, image), context.digest(image));
  await writeFile(join(context.work, "picture"), bytes);
  return "picture";
}
