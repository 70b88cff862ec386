import { join } from "node:path";
import type { FileRange } from "../../gguf/write-gguf.js";
import { listableName, roundTensors } from "../../llamacpp/round.js";
import type { ToolReport } from "../../llamacpp/tool-run.js";
import type { GgmlType } from "../../quant/ggml-types.js";
import type { StageContext } from "../stage.js";
import { linkInput, linkPartial, toolRun } from "../step-files.js";
import { type WeightRounding, weightRounding } from "./rounding-table.js";

export interface RoundedTensors {
  /** Bytes of the tensors rounded with feedback, by name. All others must be rounded to nearest. */
  places: ReadonlyMap<string, FileRange>;
  /** One entry per tensor. */
  roundings: WeightRounding[];
  /** Undefined if llama-round was not needed. */
  run: ToolReport | undefined;
}

/**
 * Rounds tensors to quantized types with error feedback. Inputs `model`, `moments`. A killed run resumes after its last
 * tensor. Errors: see `roundTensors` in llamacpp/round.ts.
 */
export async function roundWithFeedback(
  types: ReadonlyMap<string, GgmlType>,
  context: StageContext,
): Promise<RoundedTensors> {
  const listed = [...types].filter(([name]) => listableName.test(name));
  const { tensors, data, run } = await roundListed(listed, context);
  const results = new Map(tensors.map((result) => [result.tensor, result]));
  const places = tensors.flatMap(({ tensor, feedback, offset }): [string, FileRange][] =>
    feedback ? [[tensor, { path: join(context.work, data), offset }]] : [],
  );
  const roundings = [...types].map(([name, { name: type }]) => weightRounding(name, type, results.get(name)));
  return { places: new Map(places), roundings, run };
}

async function roundListed(listed: readonly [string, GgmlType][], context: StageContext) {
  if (listed.length === 0) return { tensors: [], data: "", run: undefined };
  const kept = await linkPartial(context);
  const { tensors, data, ...run } = await roundTensors({
    ...(await toolRun(context)),
    model: await linkInput(context, "model", "model.gguf"),
    moments: await linkInput(context, "moments", "moments.gguf"),
    types: new Map(listed.map(([name, type]) => [name, [type.name]])),
    out: `${kept}/rounded`,
  });
  return { tensors, data, run };
}
