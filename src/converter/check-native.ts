import type { JsonObject } from "../util/canonical-json.js";
import type { Family } from "./families/family.js";
import { readModelConfig } from "./model-config.js";
import { nativeUnsupported } from "./native-errors.js";
import { readRope } from "./rope-parameters.js";

/** What of a checkpoint is known before it is opened. */
export interface NativeFacts {
  config: JsonObject;
  modelName: string;
  /** Names of its files. */
  files: Iterable<string>;
}

/**
 * Says before anything is read whether a family's model can be converted without Python.
 * Throws QS-CONVERT-NATIVE when it cannot and QS-CONVERT-CONFIG when nothing could.
 */
export function checkNative(family: Family, { config, modelName, files }: NativeFacts): void {
  refuseFiles(new Set(files));
  refuseName(family, modelName);
  const h = readModelConfig(family, config);
  const model = { h, rope: readRope(h, family.ropeTypes), fileType: 0 };
  family.metadata(model);
  family.tensors(h);
  family.generated?.(model);
}

/** Throws QS-CONVERT-NATIVE for a name by which llama.cpp's converter would tell a special kind of the family. */
export function refuseName(family: Family, modelName: string): void {
  if (family.unsupportedNames?.test(modelName))
    throw nativeUnsupported(`does not know the kind of model that ${modelName} is`);
}

/** Files that change how llama.cpp's converter goes about a model. */
const unsupportedFiles = ["hf_quant_config.json", "modules.json", "params.json"];

/** Throws QS-CONVERT-NATIVE for a checkpoint with a file that needs more than the family's own rules. */
export function refuseFiles(names: ReadonlySet<string>): void {
  const unsupported = unsupportedFiles.find((name) => names.has(name));
  if (unsupported !== undefined) throw nativeUnsupported(`does not take a model with ${unsupported}`);
}
