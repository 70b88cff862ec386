import { languageConfig } from "../../checkpoint/outline/language-config.js";
import type { WeightFormat } from "../../checkpoint/outline/weight-format.js";
import { quantizationConfig } from "../../checkpoint/outline/weight-format.js";
import { isObject } from "../../checkpoint/parse-python-json.js";
import { repoId } from "../../hub/hub-ref.js";
import type { QuantizationMethods } from "../../llamacpp/toolchain/quantization-methods.js";
import type { JsonObject } from "../../util/canonical-json.js";
import { QuantsmithError, type SourceLocation } from "../../util/errors.js";
import { quote, quoteList } from "../../util/quote.js";

/** A checkpoint's weights, as its configuration and headers describe them. */
export interface QuantizedCheckpoint {
  config: JsonObject;
  architecture: string;
  format: WeightFormat | null;
  /** `base_model` of the model card. */
  baseModels: readonly string[];
}

/**
 * Checks that llama.cpp's converter reads the weights of a quantized checkpoint, before anything is downloaded or
 * installed for it. `known` is null if the converter's rules are unknown; weights that no configuration declares
 * quantized are refused even then, because the converter would take their packed values for weights.
 * Errors: QS-CONVERT-QUANTIZED.
 */
export function requireQuantization(
  checkpoint: QuantizedCheckpoint,
  known: QuantizationMethods | null,
  at?: SourceLocation,
): void {
  const why = obstacle(checkpoint, known);
  if (why === undefined) return;
  throw new QuantsmithError("QS-CONVERT-QUANTIZED", why, { remedy: remedy(checkpoint), ...(at && { at }) });
}

function obstacle({ config, architecture, format }: QuantizedCheckpoint, known: QuantizationMethods | null) {
  if (format === null || !format.isQuantized) return undefined;
  const own = known?.own.get(architecture);
  const { method, label } = format;
  if (method === null) {
    if (own !== undefined) return undefined;
    return `the weights are ${label}, but config.json contains no \`quantization_config\` with their scales' layout`;
  }
  if (known === null) return undefined;
  const readable = [...known.methods, ...new Set([...known.own.values()].flatMap((more) => [...more]))];
  if (!known.methods.has(method) && own?.has(method) !== true) {
    const what = format.isStale
      ? `config.json declares weights quantized by ${quote(method)}, but they are ${label}`
      : `the weights are quantized (${label}), and llama.cpp's converter does not read ${quote(method)} for ${quote(architecture)}`;
    return format.isStale ? what : `${what}; it reads ${quoteList(readable, "and")}`;
  }
  if (method === "fp8" && format.hasWeightScale) {
    return `the weights are ${label} in tensors named \`weight_scale\`, and llama.cpp's converter reads only \`weight_scale_inv\` for "fp8"`;
  }
  if (method === "gptq") return gptqObstacle(config, known);
  return method === "compressed-tensors" ? groupObstacle(config, format, known, own) : undefined;
}

function gptqObstacle(config: JsonObject, { missingGptqBits }: QuantizationMethods): string | undefined {
  const { bits } = quantizationConfig(config, undefined);
  return missingGptqBits.has(bits) ? `llama.cpp's converter does not read GPTQ with ${bits} bits` : undefined;
}

/** Reads the settings of compressed-tensors like the converter: one group, and few strategies for a format. */
function groupObstacle(
  config: JsonObject,
  { format, label }: WeightFormat,
  { formats, strategies, acceptsGroups }: QuantizationMethods,
  own: ReadonlySet<string> | undefined,
): string | undefined {
  if (format !== null && own?.has(format)) return undefined;
  if (format === null || !formats.has(format)) {
    return `the weights are ${label}, a format that llama.cpp's converter does not read; it reads ${quoteList([...formats], "and")}`;
  }
  const declared = languageConfig(config).quantization_config;
  const groups = isObject(declared) && isObject(declared.config_groups) ? Object.values(declared.config_groups) : [];
  const inner = groups.map((group) => (isObject(group) ? group : {}));
  const isNvfp4 =
    format.startsWith("nvfp4") ||
    (inner.length > 0 && inner.every((group) => String(group.format).startsWith("nvfp4")));
  if (isNvfp4) return undefined;
  if (inner.length > 1 && !acceptsGroups) {
    return `the weights are ${label} in ${inner.length} groups of different settings, of which llama.cpp's converter reads only one`;
  }
  const accepted = strategies.get(format);
  const weights = inner[0]?.weights;
  const strategy = isObject(weights) ? String(weights.strategy) : "none";
  if (accepted === undefined || accepted.has(strategy)) return undefined;
  return `the weights are ${label} with a scale per ${quote(strategy)}; llama.cpp's converter reads ${quote(format)} only per ${quoteList([...accepted], "or")}`;
}

function remedy({ format, baseModels }: QuantizedCheckpoint): string {
  const [base] = baseModels.filter((name) => repoId.test(name));
  const named = base === undefined ? "" : `; the model card names \`hf:${base}\` as its base model`;
  if (format?.isStale) return "Remove `quantization_config` from config.json in a copy of the folder.";
  const merge = format?.method === "bitsandbytes" ? ", or merge your adapter in 16 bits" : "";
  return `Use the model's 16-bit checkpoint${named}${merge}.`;
}
