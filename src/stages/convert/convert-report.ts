import type { MetadataParams } from "../../converter/general/converter-card.js";
import type { Gguf } from "../../gguf/gguf.js";
import { metadataNumber, metadataString } from "../../gguf/metadata.js";
import { parameterCount, typeCounts } from "../../gguf/summary.js";
import type { JsonObject } from "../../util/canonical-json.js";
import { QuantsmithError } from "../../util/errors.js";
import { quote } from "../../util/quote.js";
import type { UsedEngine } from "./choose-engine.js";
import { requireLoadable } from "./require-loadable.js";

export interface ConvertParams extends JsonObject {
  outtype: "bf16" | "f16" | "f32" | "auto";
  /** Written as general.name, instead of a folder name or commit hash. */
  modelName: string;
  /** `org/name` on the Hub; null for a local folder. */
  baseModel: string | null;
  metadata: MetadataParams;
  /** `auto`, or the pre-tokenizer set in the recipe. */
  pretokenizer: string;
  /** Leave out layers for multi-token prediction; absent for the converter's default. */
  mtp?: "none";
  /** Reason for the choice of the engine. */
  why: string;
}

/** `convert.json`: properties of the base GGUF and its conversion. */
export interface ConvertReport {
  engine: UsedEngine;
  why: string;
  /** The pre-tokenizer set in the recipe; absent if it was detected. */
  pretokenizer?: string;
  /** Digest of llama.cpp's converter and its Python after a fallback, where it is not part of the step's key. */
  converterDigest?: string;
  bytes: number;
  parameters: number;
  architecture: string;
  contextLength: number | null;
  vocabulary: number | null;
  types: Record<string, number>;
}

/**
 * Describes the converted file. Throws QS-CONVERT-WEIGHTS if it contains no tensors; QS-CONVERT-PRETOKENIZER if the recipe sets
 * a pre-tokenizer for a tokenizer without one, since the record would be wrong; QS-CONVERT-CONFIG and QS-CONVERT-TOKENIZER if
 * llama.cpp would not load it. Pure.
 */
export function describeConverted(
  gguf: Gguf,
  engine: UsedEngine,
  { why, pretokenizer }: Pick<ConvertParams, "why" | "pretokenizer"> & JsonObject,
): ConvertReport {
  const used = metadataString(gguf, "tokenizer.ggml.pre");
  if (pretokenizer !== "auto" && used !== pretokenizer) {
    const message = `pretokenizer ${quote(pretokenizer)} has no effect: the model's tokenizer is not a byte-level BPE`;
    throw new QuantsmithError("QS-CONVERT-PRETOKENIZER", message, {
      remedy: "Remove `pretokenizer` from the recipe's `convert`.",
    });
  }
  // llama.cpp's converter skips safetensors files with other names and succeeds even if none is left.
  if (gguf.tensors.length === 0) {
    throw new QuantsmithError("QS-CONVERT-WEIGHTS", "the converter did not find weights in the checkpoint", {
      remedy:
        "Rename the files, also in their index, to model.safetensors or model-00001-of-00002.safetensors and so on.",
    });
  }
  requireLoadable(gguf);
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
