import { open } from "node:fs/promises";
import { encodeHeader } from "../gguf/encode-header.js";
import type { GgufValue } from "../gguf/gguf.js";
import type { ToolProgress } from "../llamacpp/tool-run.js";
import type { JsonObject } from "../util/canonical-json.js";
import { requireSupportedName } from "./check-native.js";
import { countTokens } from "./count-tokens.js";
import type { Entries } from "./entries.js";
import type { Family } from "./families/family.js";
import { fp8Layout } from "./fp8-layout.js";
import { withScales } from "./fp8-scales.js";
import { type GeneralSource, generalMetadata } from "./general/general-metadata.js";
import { readModelConfig } from "./model-config.js";
import { fileTypeOf, type OutType, outputType } from "./output-type.js";
import { planTensors } from "./plan-tensors.js";
import { readPoolingType } from "./pooling.js";
import { readCheckpoint } from "./read-checkpoint.js";
import { readRope } from "./rope-parameters.js";
import { writeTensors } from "./write/write-tensors.js";

export interface WriteNativeOptions {
  /** The checkpoint. */
  folder: string;
  family: Family;
  /** Its config.json. */
  config: JsonObject;
  outtype: OutType;
  /** Inputs of `general.*`. */
  general: GeneralSource;
  /** Result of `readVocabulary`. */
  tokenizer: Entries;
  /** Path of the new file, which must not exist. */
  outFile: string;
  /** Number of threads. */
  threads: number;
  signal: AbortSignal;
  onProgress: (progress: ToolProgress) => void;
}

/** `general.quantization_version`: the version of ggml's block formats. */
const quantizationVersion = 2;

/**
 * Writes a checkpoint as a GGUF file, byte for byte like llama.cpp's converter. Uses memory for the header and a few
 * megabytes. Throws QS-CONVERT-CONFIG, -NATIVE and -WEIGHTS, QS-FETCH-* for broken weight files, and system errors.
 */
export async function writeNative(options: WriteNativeOptions): Promise<void> {
  const { family, folder } = options;
  requireSupportedName(family, options.general.modelName);
  const h = readModelConfig(family, options.config);
  const stored = await readCheckpoint(folder, family.multimodal === true);
  const type = outputType(options.outtype, stored);
  const pooling = await readPoolingType(folder);
  const model = {
    ...{ h, rope: readRope(h, family.ropeTypes), fileType: fileTypeOf(type) },
    ...(pooling === undefined ? {} : { pooling }),
  };
  const tokens = family.cutsVocabulary ? await countTokens(folder, options.tokenizer) : Number.POSITIVE_INFINITY;
  const tensors = planTensors(family, model, withScales(stored, fp8Layout(h.values.quantization_config)), {
    type,
    tokens,
  });
  const metadata = new Map<string, GgufValue>([
    ["general.architecture", { type: "string", value: family.gguf }],
    ...(family.generated?.(model).metadata ?? []),
    ...(await generalMetadata(folder, options.general, tensors)),
    ...family.metadata(model),
    ["general.quantization_version", { type: "uint32", value: quantizationVersion }],
    // An existing key keeps its position.
    ...options.tokenizer,
  ]);
  const header = encodeHeader({ metadata, tensors });
  const file = await open(options.outFile, "wx");
  try {
    await file.write(header.bytes, 0, header.bytes.length, 0);
    // Unwritten padding reads as zeros, also after the last tensor.
    await file.truncate(header.fileBytes);
  } finally {
    await file.close();
  }
  const { threads, signal, onProgress } = options;
  const onValues = (done: number, total: number) =>
    onProgress({ done: (done / total) * header.fileBytes, total: header.fileBytes, unit: "byte" });
  await writeTensors(options.outFile, tensors, header.tensors, { threads, signal, onValues });
}
