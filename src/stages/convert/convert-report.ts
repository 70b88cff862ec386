import type { MetadataParams } from "../../converter/general/converter-card.js";
import type { Gguf } from "../../gguf/gguf.js";
import { metadataNumber, metadataString } from "../../gguf/metadata.js";
import { readGguf } from "../../gguf/read-header.js";
import { parameterCount, typeCounts } from "../../gguf/summary.js";
import type { JsonObject } from "../../util/canonical-json.js";
import { QuantsmithError } from "../../util/errors.js";
import type { ConvertEngine } from "./choose-engine.js";

export interface ConvertParams extends JsonObject {
  outtype: "bf16" | "f16" | "f32" | "auto";
  /** Written as general.name, so that no folder name or commit hash ends up there. */
  modelName: string;
  /** `org/name` on the Hub; null for a local folder. */
  baseModel: string | null;
  metadata: MetadataParams;
  /** `auto`, or the pre-tokenizer that the recipe says it is. */
  pretokenizer: string;
  /** Why this engine. */
  why: string;
}

/** `convert.json`: what the base GGUF is, and how it came to be. */
export interface ConvertReport {
  engine: ConvertEngine;
  why: string;
  /** The pre-tokenizer that the recipe set; absent when it was found out. */
  pretokenizer?: string;
  /** Of llama.cpp's converter and its Python, where native conversion gave way to it: no part of that step's key. */
  converterDigest?: string;
  bytes: number;
  parameters: number;
  architecture: string;
  contextLength: number | null;
  vocabulary: number | null;
  types: Record<string, number>;
}

/**
 * Reads what a conversion has made. Errors: QS-GGUF-*; QS-CONVERT-WEIGHTS when there is nothing in it; QS-CONVERT-PRETOKENIZER
 * when the recipe sets a pre-tokenizer for a tokenizer that has none, since the record would say what is not so.
 */
export async function describeConverted(
  file: string,
  engine: ConvertEngine,
  { why, pretokenizer }: ConvertParams,
): Promise<ConvertReport> {
  const gguf = await readGguf(file);
  const used = metadataString(gguf, "tokenizer.ggml.pre");
  if (pretokenizer !== "auto" && used !== pretokenizer) {
    const message = `\`pretokenizer: ${pretokenizer}\` has no effect: this model's tokenizer is no byte-level BPE`;
    throw new QuantsmithError("QS-CONVERT-PRETOKENIZER", message, {
      remedy: "Remove `pretokenizer` from the recipe's `convert`.",
    });
  }
  // llama.cpp's converter passes over safetensors files with names of another kind and is content with none at all.
  if (gguf.tensors.length === 0) {
    throw new QuantsmithError("QS-CONVERT-WEIGHTS", "The converter found no weights in the checkpoint's files", {
      remedy: "Name its files model.safetensors, or model-00001-of-00002.safetensors and so on, also in their index.",
    });
  }
  return {
    ...{ engine, why },
    ...(pretokenizer === "auto" ? {} : { pretokenizer }),
    bytes: gguf.fileBytes,
    parameters: parameterCount(gguf),
    ...describe(gguf),
    types: typeCounts(gguf),
  };
}

function describe(gguf: Gguf): Pick<ConvertReport, "architecture" | "contextLength" | "vocabulary"> {
  const architecture = metadataString(gguf, "general.architecture") ?? "";
  const tokens = gguf.metadata.get("tokenizer.ggml.tokens");
  return {
    architecture,
    contextLength: metadataNumber(gguf, `${architecture}.context_length`) ?? null,
    vocabulary: tokens?.type === "array" ? tokens.items.length : null,
  };
}
