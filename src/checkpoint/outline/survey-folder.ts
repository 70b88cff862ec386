import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { findWeights } from "../find-weights.js";
import { readConfig } from "../read-config.js";
import { readSafetensorsHeader } from "../safetensors.js";
import { type CheckpointOutline, outlineCheckpoint, startSurvey } from "./checkpoint-outline.js";
import { modelOptFile, parseSideFile } from "./side-files.js";
import { quantizationConfig } from "./weight-format.js";

/** Describes a checkpoint that was verified before, such as a snapshot. Reads only headers. Errors: QS-FETCH-*. */
export async function surveyFolder(folder: string): Promise<CheckpointOutline> {
  const { config, architecture } = await readConfig(join(folder, "config.json"));
  const modelOpt = await parseSideFile(join(folder, modelOptFile));
  const survey = startSurvey(config, modelOpt);
  const { files } = await findWeights(folder, new Set(await readdir(folder)), true);
  const headers = files.filter((name) => name.endsWith(".safetensors"));
  for (const name of headers) survey.add((await readSafetensorsHeader(join(folder, name))).tensors);
  const totals = survey.finish(quantizationConfig(config, modelOpt).method);
  return outlineCheckpoint({ config, architecture, modelOpt }, totals, headers.length === files.length);
}
