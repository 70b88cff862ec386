import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ConvertOptions } from "../../llamacpp/convert.js";
import { requiredInput, type StageContext } from "../stage.js";
import { toolRun } from "../step-files.js";
import type { ConvertParams } from "./convert-report.js";
import { converterMetadata, makeModelFolder } from "./model-folder.js";

/** No model can have this name, which begins with a dot. */
const metadataFile = ".metadata.json";

/** Puts the snapshot and the metadata where llama.cpp's converter will find them, and says so in its options. */
export async function prepareConverter(
  context: StageContext,
  { modelName, baseModel, metadata }: Pick<ConvertParams, "modelName" | "baseModel" | "metadata">,
): Promise<Omit<ConvertOptions, "outFile" | "outtype">> {
  // The converter reads names out of the folder's own name; it gets the model's, not the store's.
  await makeModelFolder(join(context.work, modelName), requiredInput(context, "snapshot"), { baseModel, metadata });
  const given = converterMetadata(modelName, baseModel, metadata);
  await writeFile(join(context.work, metadataFile), JSON.stringify(given));
  const python = await context.python();
  return { ...(await toolRun(context)), python, modelName, modelDir: modelName, metadata: metadataFile };
}
