import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { surveyFolder } from "../../checkpoint/outline/survey-folder.js";
import { readConfig } from "../../checkpoint/read-config.js";
import { readBaseCard } from "../../checkpoint/snapshot-report.js";
import { converterMetadata } from "../../converter/general/converter-card.js";
import type { ConvertOptions } from "../../llamacpp/python/convert.js";
import type { UnsupportedComponent } from "../../llamacpp/python/convert-failures.js";
import { readArchitectures } from "../../llamacpp/toolchain/architectures.js";
import { readQuantizationMethods } from "../../llamacpp/toolchain/quantization-methods.js";
import { requiredInput, type StageContext } from "../stage.js";
import { toolRun } from "../step-files.js";
import type { ConvertParams } from "./convert-report.js";
import { makeModelFolder } from "./model-folder.js";
import { requireArchitecture } from "./require-architecture.js";
import { requireQuantization } from "./require-quantization.js";

/** Cannot collide with a model name, because it begins with a dot. */
const metadataFile = ".metadata.json";

/**
 * Writes the snapshot links and the metadata for llama.cpp's converter, and returns its options.
 * Errors: QS-CONVERT-ARCHITECTURE, QS-CONVERT-QUANTIZED, QS-FETCH-CONFIG, QS-PYTHON-*, QS-TOOL-*.
 */
export async function prepareConverter(
  context: StageContext,
  component: UnsupportedComponent,
  { modelName, baseModel, metadata }: Pick<ConvertParams, "modelName" | "baseModel" | "metadata">,
): Promise<Omit<ConvertOptions, "outFile" | "outtype">> {
  const snapshot = requiredInput(context, "snapshot");
  const { config } = await readConfig(join(snapshot, "config.json"));
  const toolchain = await context.toolchain();
  requireArchitecture(component, config, await readArchitectures(toolchain));
  const { baseModels } = await readBaseCard(snapshot);
  const { architecture, format } = await surveyFolder(snapshot);
  requireQuantization({ config, architecture, format, baseModels }, await readQuantizationMethods(toolchain));
  // The converter derives names from the folder name, so the folder has the model's name.
  await makeModelFolder(join(context.work, modelName), snapshot, { baseModel, metadata });
  const metadataFields = converterMetadata(modelName, baseModel, metadata);
  await writeFile(join(context.work, metadataFile), JSON.stringify(metadataFields));
  const python = await context.python();
  return { ...(await toolRun(context)), python, modelName, modelDir: modelName, metadata: metadataFile };
}
