import { checkNative, type NativeFacts } from "../../converter/check-native.js";
import type { Family } from "../../converter/families/family.js";
import { findFamily } from "../../converter/families/find-family.js";
import { NotNative } from "../../converter/native-errors.js";
import type { JsonObject } from "../../util/canonical-json.js";
import { QuantsmithError, type SourceLocation } from "../../util/errors.js";

/** What converts: this program, without Python, or llama.cpp's own converter. */
export type ConvertEngine = "native" | "upstream";

export interface EngineChoice {
  engine: ConvertEngine;
  /** Half a sentence that stands behind the engine's name. */
  why: string;
}

/** What of a checkpoint the choice rests on. */
export interface CheckpointFacts {
  /** config.json; null without one. */
  config: JsonObject | null;
  /** As the recipe has it. */
  modelName: string;
  /** Names of all files. */
  files: readonly string[];
}

/**
 * Chooses the converter: `auto` is native wherever that is known to make the same bytes. Pure.
 * Throws QS-CONVERT-NATIVE when the recipe insists on native, and it cannot.
 */
export function chooseEngine(
  wanted: "auto" | ConvertEngine,
  facts: CheckpointFacts,
  at?: SourceLocation,
): EngineChoice {
  const obstacle = findObstacle(facts);
  if (obstacle === undefined) {
    return wanted === "upstream"
      ? { engine: "upstream", why: "as the recipe says" }
      : { engine: "native", why: `${architectureOf(facts)} is known to come out as from llama.cpp's converter` };
  }
  if (wanted !== "native") return { engine: "upstream", why: obstacle };
  throw new QuantsmithError("QS-CONVERT-NATIVE", `quantsmith cannot convert this model by itself: ${obstacle}`, {
    remedy: "Set `convert: { engine: upstream }`, or leave `engine` out.",
    ...(at === undefined ? {} : { at }),
  });
}

/** Why a checkpoint is not one that native conversion is known to do; undefined when it is. */
function findObstacle({ config, modelName, files }: CheckpointFacts): string | undefined {
  if (config === null) return "it has no config.json";
  const family = findFamily(config);
  if (family === undefined) return `${architectureOf({ config })} is not among the families known to native conversion`;
  const refusal = findRefusal(family, { config, modelName, files });
  if (refusal !== undefined) return refusal;
  if (!files.some((name) => name.endsWith(".safetensors"))) return "its weights are not in safetensors files";
  if (!files.some((name) => name === "tokenizer.json" || name === "tokenizer.model"))
    return "it has neither tokenizer.json nor tokenizer.model";
  return undefined;
}

/** What the family's own code has against it. What no converter can use is refused when it is read. */
function findRefusal(family: Family, facts: NativeFacts): string | undefined {
  try {
    checkNative(family, facts);
    return undefined;
  } catch (error) {
    if (!(error instanceof QuantsmithError)) throw error;
    return error instanceof NotNative ? `the native one ${error.what}` : undefined;
  }
}

function architectureOf({ config }: Pick<CheckpointFacts, "config">): string {
  const names = config?.architectures;
  return Array.isArray(names) ? String(names[0]) : "a model without architectures";
}
