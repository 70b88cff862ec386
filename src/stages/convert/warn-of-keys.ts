import { readdir } from "node:fs/promises";
import { mergedConfig } from "../../checkpoint/keys/config-keys.js";
import { checkpointKeys, keyWarnings } from "../../checkpoint/keys/key-warnings.js";
import { findFamily } from "../../converter/families/find-family.js";
import { readModelConfig } from "../../converter/model-config.js";
import { readObject } from "../../converter/vocabulary/tokenizer-files.js";
import { readGguf } from "../../gguf/read-header.js";
import { readConverterKeys } from "../../llamacpp/toolchain/converter-keys.js";
import type { JsonObject } from "../../util/canonical-json.js";
import type { StageContext } from "../stage.js";
import { differingOutput } from "./differing-output.js";

/**
 * Warns of keys of a snapshot that the converted file does not express, and of an output matrix that transformers would
 * replace. Files that are no JSON objects are left to the conversion. Errors: QS-GGUF-* for a file that cannot be read.
 */
export async function warnOfKeys(
  { warn, toolchain }: Pick<StageContext, "warn" | "toolchain">,
  { snapshot, file }: { snapshot: string; file: string },
): Promise<void> {
  const gguf = await readGguf(file);
  const names = await readdir(snapshot);
  const read = async (name: string) =>
    names.includes(name) ? readObject(snapshot, name).catch(() => undefined) : undefined;
  const tokenizerConfig = (await read("tokenizer_config.json")) ?? {};
  const config = (await read("config.json")) ?? {};
  // Each native family's keys are known; of other architectures only what the converter's source mentions.
  const alsoRead = findFamily(config) === undefined ? await readConverterKeys(await toolchain()) : undefined;
  for (const keys of checkpointKeys) {
    const object = keys.file === "config.json" ? mergedConfig(config) : await read(keys.file);
    if (object === undefined) continue;
    for (const warning of keyWarnings(keys, { gguf, object, tokenizerConfig }, alsoRead)) warn(warning);
  }
  if (isTied(config) && (await differingOutput(gguf, file))) warn(ownOutput);
}

const ownOutput = {
  code: "QW-WEIGHTS-TIED",
  message:
    "config.json, `tie_word_embeddings` (true): transformers ignores the checkpoint's lm_head and uses the embedding; the file contains lm_head, whose values differ",
  remedy:
    "Remove lm_head.weight from the checkpoint, or set `tie_word_embeddings` to false if it is the trained output.",
} as const;

/** Returns whether transformers uses the embedding as output, also by default. */
function isTied(config: JsonObject): boolean {
  const family = findFamily(config);
  try {
    if (family !== undefined) return readModelConfig(family, config).flag("tie_word_embeddings");
  } catch {
    // A configuration that only llama.cpp's converter reads.
  }
  return mergedConfig(config).tie_word_embeddings === true;
}
