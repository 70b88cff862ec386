import { basename } from "node:path";
import type { Catalog, Device } from "../hardware/catalog/device.js";
import { estimateFit } from "../hardware/fit/estimate-fit.js";
import type { MeasuredModel } from "../hardware/fit/measure-models.js";
import { recommendModel } from "../hardware/fit/recommend-model.js";
import type { KvType } from "../hardware/memory/memory.js";
import { loadSpeedConstants } from "../hardware/speed/speed-files.js";
import { type TaskName, taskNames, tasks } from "../report/recommendation-tasks.js";
import type { SnippetInput } from "../report/snippets/snippet.js";
import { QuantsmithError } from "../util/errors.js";
import { quote, quoteList } from "../util/quote.js";
import { didYouMean, nearest } from "../util/suggest.js";

export interface FileRequest {
  device: Device;
  backends: Catalog["backends"];
  task: TaskName;
  /** Tokens; null for the task's. */
  context: number | null;
  kvType: KvType;
  hostRamBytes: number | null;
}

/** Estimates all models on a device and picks one, with the reason and the input of its run snippets; null if none runs. */
export async function chooseFile(models: readonly MeasuredModel[], request: FileRequest) {
  const { task, context: requested, ...shared } = { ...request, speed: await loadSpeedConstants() };
  const candidates = models.map((measured) => {
    const { model, label, file, bytes, bitsPerWeight, kldMean, parameters, memory } = measured;
    const context = requested ?? Math.min(tasks[task].context, memory.footprint.trainedContext ?? tasks[task].context);
    const fit = estimateFit({ ...shared, variant: label, model: memory, context });
    const variant = { name: label, bytes, bitsPerWeight, kldMean };
    return { measured, model, file, parameters, variant, footprint: memory.footprint, fit };
  });
  const { pick, reason } = recommendModel(candidates, request.backends);
  return { candidates, pick, reason, snippet: pick === null ? null : snippetFor(pick.measured, task, pick.fit) };
}

/** Parses the name of a task. Errors: QS-USAGE. */
export function parseTask(text: string): TaskName {
  const found = taskNames.find((name) => name === text);
  if (found !== undefined) return found;
  const near = nearest(text, taskNames);
  throw new QuantsmithError("QS-USAGE", `invalid value ${quote(text)} of --task`, {
    remedy: near === undefined ? `Use ${quoteList(taskNames, "or")}.` : didYouMean(near),
  });
}

function snippetFor(
  { file, variant, projector }: MeasuredModel,
  task: TaskName,
  fit: ReturnType<typeof estimateFit>,
): SnippetInput {
  const { context, kvType, flags, layers } = fit;
  const { system, prompt } = tasks[task];
  const tag = variant;
  return {
    ...{ repo: null, file, tag, context, kvType, flags, layers, system, prompt },
    projector: projector === null ? null : basename(projector),
  };
}
