import { readdir } from "node:fs/promises";
import { mergedConfig } from "../../checkpoint/keys/config-keys.js";
import { checkpointKeys, keyWarnings } from "../../checkpoint/keys/key-warnings.js";
import { privateCardWarning } from "../../checkpoint/private-metadata.js";
import { readBaseCard } from "../../checkpoint/snapshot-report.js";
import { findFamily } from "../../converter/families/find-family.js";
import { readModelConfig } from "../../converter/model-config.js";
import { readSettings } from "../../converter/vocabulary/sentencepiece-model.js";
import { readBytes, readObject } from "../../converter/vocabulary/tokenizer-files.js";
import type { Gguf } from "../../gguf/gguf.js";
import { readConverterKeys } from "../../llamacpp/toolchain/converter-keys.js";
import type { JsonObject } from "../../util/canonical-json.js";
import type { Warning } from "../../util/warnings.js";
import type { StageContext } from "../stage.js";
import { biasWarnings } from "./bias-warnings.js";
import { readTokenizerFacts } from "./correct-vocabulary.js";
import { type Matrices, outputWarnings } from "./output-matrix.js";
import { vocabularyWarnings } from "./vocabulary-warnings.js";

const adapterConfig = "adapter_config.json";

/**
 * Returns warnings of keys of a snapshot that its conversion, of which these are the metadata, matrices and tensors' names, does
 * not express, of private values of its card, of an adapter, and of weights that transformers would ignore, replace or change.
 * Files that are no JSON objects are left to the conversion.
 */
export async function checkpointWarnings(
  { gguf, matrices, tensors }: { gguf: Pick<Gguf, "metadata">; matrices: Matrices; tensors: readonly string[] },
  snapshot: string,
  { toolchain }: Pick<StageContext, "toolchain">,
): Promise<Warning[]> {
  const names = await readdir(snapshot);
  const read = async (name: string) =>
    names.includes(name) ? readObject(snapshot, name).catch(() => undefined) : undefined;
  const tokenizerConfig = (await read("tokenizer_config.json")) ?? {};
  const config = (await read("config.json")) ?? {};
  // Each native family's keys are known; of other architectures only what the converter's source mentions.
  const alsoRead = findFamily(config) === undefined ? await readConverterKeys(await toolchain()) : undefined;
  const objectOf = (file: string) => {
    if (file === "config.json") return mergedConfig(config);
    return file === "tokenizer.model" ? sentencePieceSettings(snapshot, names) : read(file);
  };
  const warnings = [...privateCardWarning(await readBaseCard(snapshot)), ...adapterWarning(names)];
  for (const keys of checkpointKeys) {
    const object = await objectOf(keys.file);
    if (object !== undefined) warnings.push(...keyWarnings(keys, { gguf, object, tokenizerConfig }, alsoRead));
  }
  warnings.push(...biasWarnings(config, tensors));
  const facts = await readTokenizerFacts(gguf, snapshot);
  if (facts !== undefined) warnings.push(...vocabularyWarnings(facts));
  const tied = isTied(config);
  // An embedding model uses no output matrix.
  const isGenerating = !names.includes("modules.json");
  if (tied !== undefined && isGenerating) warnings.push(...(await outputWarnings(matrices, tied)));
  return warnings;
}

/** Warns of an adapter beside the weights: transformers applies it to the model if PEFT is installed. Pure. */
function adapterWarning(names: readonly string[]): Warning[] {
  if (!names.includes(adapterConfig)) return [];
  return [
    {
      code: "QW-ADAPTER-LOST",
      message: `${adapterConfig} is beside the model's weights: transformers applies the adapter with PEFT, and the files lack it`,
      remedy: `Merge it into the weights (\`merge_and_unload()\` of PEFT), or publish it as a file of its own: \`quantsmith convert-lora <adapter> --base <base>\`. If it is not part of the model, add ${adapterConfig} to \`model.exclude\`.`,
    },
  ];
}

/** Returns the settings of tokenizer.model; transformers takes the normalizer of a tokenizer.json instead. */
async function sentencePieceSettings(snapshot: string, names: readonly string[]): Promise<JsonObject | undefined> {
  try {
    const bytes = await readBytes(snapshot, "tokenizer.model");
    if (bytes === undefined) return undefined;
    const { normalizer_spec, ...others } = readSettings(bytes);
    return names.includes("tokenizer.json") ? others : { ...others, normalizer_spec };
  } catch {
    // Another format of this name, which only llama.cpp's converter reads.
    return undefined;
  }
}

/** Returns whether transformers uses the embedding as output, also by default; undefined if that is unknown. */
function isTied(config: JsonObject): boolean | undefined {
  const family = findFamily(config);
  try {
    if (family !== undefined) return readModelConfig(family, config).flag("tie_word_embeddings");
  } catch {
    // A configuration that only llama.cpp's converter reads.
  }
  return mergedConfig(config).tie_word_embeddings === true ? true : undefined;
}
