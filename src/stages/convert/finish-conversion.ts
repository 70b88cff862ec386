import type { Gguf } from "../../gguf/gguf.js";
import type { StageContext } from "../stage.js";
import { writeReport } from "../step-files.js";
import { checkpointWarnings } from "./checkpoint-warnings.js";
import type { ConvertEngine } from "./choose-engine.js";
import { type ConvertParams, type ConvertReport, describeConverted } from "./convert-report.js";
import { requirePublicMetadata } from "./require-templates.js";
import { textWarnings } from "./text-warnings.js";

/** A conversion of the checkpoint in `snapshot`, with the header of its file. */
export interface Conversion {
  snapshot: string;
  gguf: Gguf;
  engine: ConvertEngine;
  params: ConvertParams;
}

/**
 * Checks the metadata of a converted file, writes `convert.json`, to which `also` is added, and warns of what the file does not
 * express. Throws QS-CONVERT-*.
 */
export async function finishConversion(
  { snapshot, gguf, engine, params }: Conversion,
  context: StageContext,
  also: Pick<ConvertReport, "converterDigest"> = {},
): Promise<void> {
  requirePublicMetadata(gguf);
  await writeReport(context, "convert.json", { ...describeConverted(gguf, engine, params), ...also });
  const stored = (name: string) => {
    const tensor = gguf.tensors.find((each) => each.name === name);
    return tensor && { ...tensor, path: gguf.path, type: tensor.type.name };
  };
  const matrices = { embedding: stored("token_embd.weight"), output: stored("output.weight") };
  const tensors = gguf.tensors.map(({ name }) => name);
  const warnings = [
    ...(await textWarnings(gguf, snapshot)),
    ...(await checkpointWarnings({ gguf, matrices, tensors }, snapshot, context)),
  ];
  for (const warning of warnings) context.warn(warning);
}
