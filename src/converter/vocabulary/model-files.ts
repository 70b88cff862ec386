import { converterTokenizerConfig } from "../../checkpoint/tokenizer/older-config.js";
import type { JsonObject } from "../../util/canonical-json.js";
import { isFile, readObject } from "./tokenizer-files.js";

/** The small JSON files of a model folder that configure its tokenizer; undefined for a missing file. */
export interface ModelFiles {
  /** As `converterTokenizerConfig` returns it. */
  tokenizerConfig: JsonObject | undefined;
  modelConfig: JsonObject | undefined;
  specialTokensMap: JsonObject | undefined;
  addedTokens: JsonObject | undefined;
}

/** Reads the files. Throws QS-CONVERT-TOKENIZER for a file that is not a JSON object. */
export async function readModelFiles(folder: string): Promise<ModelFiles> {
  const tokenizerConfig = await readObject(folder, "tokenizer_config.json");
  return {
    tokenizerConfig:
      tokenizerConfig && converterTokenizerConfig(tokenizerConfig, await isFile(folder, "chat_template.jinja")),
    modelConfig: await readObject(folder, "config.json"),
    specialTokensMap: await readObject(folder, "special_tokens_map.json"),
    addedTokens: await readObject(folder, "added_tokens.json"),
  };
}
