import type { JsonObject } from "../../util/canonical-json.js";
import { type ModelFiles, readModelFiles } from "./model-files.js";
import { readObject } from "./tokenizer-files.js";
import { maxTokens } from "./vocabulary-entries.js";
import { brokenTokenizer } from "./vocabulary-errors.js";

/** Inputs of a vocabulary. */
export interface VocabularySources {
  folder: string;
  files: ModelFiles;
  tokenizer: JsonObject | undefined;
  /** Rows of the model's embedding, `vocab_size` in its configuration. */
  size: number;
}

/** Reads the inputs. Throws QS-CONVERT-TOKENIZER for unusable files or vocab_size. */
export async function readSources(folder: string, config: JsonObject): Promise<VocabularySources> {
  const size = config.vocab_size;
  if (typeof size !== "number" || !Number.isInteger(size) || size < 1 || size > maxTokens) {
    const found = JSON.stringify(size ?? null);
    throw brokenTokenizer("config.json", `vocab_size is ${found}, not an integer from 1 to ${maxTokens}`);
  }
  return { folder, files: await readModelFiles(folder), tokenizer: await readObject(folder, "tokenizer.json"), size };
}
