import { checkNative, type NativeFacts } from "../../converter/check-native.js";
import type { Family } from "../../converter/families/family.js";
import { findFamily } from "../../converter/families/find-family.js";
import { NotNative } from "../../converter/native-errors.js";
import type { JsonObject } from "../../util/canonical-json.js";
import { QuantsmithError, type SourceLocation } from "../../util/errors.js";
import { quote } from "../../util/quote.js";

/** The converter: the native one, without Python, or llama.cpp's own. */
export type ConvertEngine = "native" | "upstream";

/** What wrote the base GGUF; `none` for a GGUF source. */
export type UsedEngine = ConvertEngine | "none";

export interface EngineChoice {
  engine: UsedEngine;
  /** The reason, a clause printed after the engine's name. */
  why: string;
}

/** The properties of a checkpoint that determine the choice. */
export interface CheckpointFacts {
  /** config.json; null without one. */
  config: JsonObject | null;
  /** The model name in the recipe. */
  modelName: string;
  /** Names of all files. */
  files: readonly string[];
}

/**
 * Chooses the converter: `auto` is native for checkpoints with verified byte parity. Pure.
 * Throws QS-CONVERT-NATIVE if the recipe requires native conversion of an unsupported checkpoint.
 */
export function chooseEngine(
  wanted: "auto" | ConvertEngine,
  facts: CheckpointFacts,
  at?: SourceLocation,
): EngineChoice {
  const obstacle = findObstacle(facts);
  if (obstacle === undefined) {
    return wanted === "upstream"
      ? { engine: "upstream", why: "set in the recipe" }
      : {
          engine: "native",
          why: `output for ${architectureOf(facts)} is byte-identical to llama.cpp's converter`,
        };
  }
  if (wanted !== "native") return { engine: "upstream", why: obstacle };
  throw new QuantsmithError("QS-CONVERT-NATIVE", `cannot convert this model without Python: ${obstacle}`, {
    remedy: "Set `convert: { engine: upstream }`, or remove `engine`.",
    ...(at === undefined ? {} : { at }),
  });
}

/** Returns why native conversion does not support the checkpoint; undefined if it does. */
function findObstacle({ config, modelName, files }: CheckpointFacts): string | undefined {
  if (config === null) return "config.json is missing";
  const family = findFamily(config);
  if (family === undefined) return `the native converter does not support ${architectureOf({ config })}`;
  const refusal = findRefusal(family, { config, modelName, files });
  if (refusal !== undefined) return refusal;
  if (!files.some((name) => name.endsWith(".safetensors"))) return "the weights are not in safetensors files";
  if (!files.some((name) => name === "tokenizer.json" || name === "tokenizer.model"))
    return "tokenizer.json and tokenizer.model are both missing";
  return undefined;
}

/** Returns the family's objection. Errors that affect every converter are left to the conversion itself. */
function findRefusal(family: Family, facts: NativeFacts): string | undefined {
  try {
    checkNative(family, facts);
    return undefined;
  } catch (error) {
    if (!(error instanceof QuantsmithError)) throw error;
    return error instanceof NotNative ? `the native converter ${error.what}` : undefined;
  }
}

function architectureOf({ config }: Pick<CheckpointFacts, "config">): string {
  const names = config?.architectures;
  return Array.isArray(names) ? quote(String(names[0])) : "a model without architectures";
}
