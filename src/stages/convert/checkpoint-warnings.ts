import { readdir } from "node:fs/promises";
import { mergedConfig } from "../../checkpoint/keys/config-keys.js";
import { checkpointKeys, keyWarnings } from "../../checkpoint/keys/key-warnings.js";
import { privateCardWarning } from "../../checkpoint/private-metadata.js";
import { readBaseCard } from "../../checkpoint/snapshot-report.js";
import { findFamily } from "../../converter/families/find-family.js";
import { readModelConfig } from "../../converter/model-config.js";
import { readObject } from "../../converter/vocabulary/tokenizer-files.js";
import type { Gguf } from "../../gguf/gguf.js";
import { readGguf } from "../../gguf/read-header.js";
import { readConverterKeys } from "../../llamacpp/toolchain/converter-keys.js";
import type { JsonObject } from "../../util/canonical-json.js";
import type { Warning } from "../../util/warnings.js";
import type { StageContext } from "../stage.js";
import { type Matrices, outputWarnings } from "./output-matrix.js";

const adapterConfig = "adapter_config.json";

/**
 * Warns of keys of a snapshot that the converted file does not express, of private values of its card, of an adapter and of
 * an output matrix that transformers would replace. Errors: QS-GGUF-* for a file that cannot be read.
 */
export async function warnOfCheckpoint(
  { warn, toolchain }: Pick<StageContext, "warn" | "toolchain">,
  { snapshot, file }: { snapshot: string; file: string },
): Promise<void> {
  const gguf = await readGguf(file);
  const stored = (name: string) => {
    const tensor = gguf.tensors.find((each) => each.name === name);
    return tensor && { ...tensor, path: file, type: String(tensor.type) };
  };
  const matrices = { embedding: stored("token_embd.weight"), output: stored("output.weight") };
  for (const warning of await checkpointWarnings({ gguf, matrices }, snapshot, { toolchain })) warn(warning);
}

/**
 * Returns these warnings for the metadata and matrices of a conversion. Files that are no JSON objects are left to the
 * conversion.
 */
export async function checkpointWarnings(
  { gguf, matrices }: { gguf: Pick<Gguf, "metadata">; matrices: Matrices },
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
  const warnings = [...privateCardWarning(await readBaseCard(snapshot)), ...adapterWarning(names)];
  for (const keys of checkpointKeys) {
    const object = keys.file === "config.json" ? mergedConfig(config) : await read(keys.file);
    if (object !== undefined) warnings.push(...keyWarnings(keys, { gguf, object, tokenizerConfig }, alsoRead));
  }
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
