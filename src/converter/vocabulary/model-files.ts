import type { JsonObject } from "../../util/canonical-json.js";
import { readObject } from "./tokenizer-files.js";

/** The small files of a model folder that tell about its tokenizer; undefined where they are not there. */
export interface ModelFiles {
  tokenizerConfig: JsonObject | undefined;
  modelConfig: JsonObject | undefined;
  specialTokensMap: JsonObject | undefined;
  addedTokens: JsonObject | undefined;
}

/** Throws QS-CONVERT-TOKENIZER for one that is no JSON object. */
export async function readModelFiles(folder: string): Promise<ModelFiles> {
  return {
    tokenizerConfig: await readObject(folder, "tokenizer_config.json"),
    modelConfig: await readObject(folder, "config.json"),
    specialTokensMap: await readObject(folder, "special_tokens_map.json"),
    addedTokens: await readObject(folder, "added_tokens.json"),
  };
}
