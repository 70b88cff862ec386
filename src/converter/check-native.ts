import type { JsonObject } from "../util/canonical-json.js";
import { quote } from "../util/quote.js";
import type { Family } from "./families/family.js";
import { readModelConfig } from "./model-config.js";
import { nativeUnsupported } from "./native-errors.js";
import { readRope } from "./rope-parameters.js";

/** Facts about a checkpoint that are available before any weight file is opened. */
export interface NativeFacts {
  config: JsonObject;
  modelName: string;
  /** Names of the checkpoint's files. */
  files: Iterable<string>;
}

/**
 * Verifies before anything is read that a family's model can be converted without Python.
 * Throws QS-CONVERT-NATIVE when only llama.cpp's converter may convert it, QS-CONVERT-CONFIG when no converter can.
 */
export function checkNative(family: Family, { config, modelName, files }: NativeFacts): void {
  requireSupportedFiles(new Set(files));
  requireSupportedName(family, modelName);
  const h = readModelConfig(family, config);
  const model = { h, rope: readRope(h, family.ropeTypes), fileType: 0 };
  family.metadata(model);
  family.tensors(h);
  family.generated?.(model);
}

/** Throws QS-CONVERT-NATIVE for a model name that makes llama.cpp's converter treat the model as a special kind. */
export function requireSupportedName(family: Family, modelName: string): void {
  if (family.unsupportedNames?.test(modelName))
    throw nativeUnsupported(`does not support the special model type that the name ${quote(modelName)} implies`);
}

/** Files that change how llama.cpp's converter treats a model. */
const unsupportedFiles = ["hf_quant_config.json", "params.json"];

/** Throws QS-CONVERT-NATIVE for a checkpoint with a file that needs more than the family's own rules. */
export function requireSupportedFiles(names: ReadonlySet<string>): void {
  const unsupported = unsupportedFiles.find((name) => names.has(name));
  if (unsupported !== undefined) throw nativeUnsupported(`does not support a model with ${unsupported}`);
}
