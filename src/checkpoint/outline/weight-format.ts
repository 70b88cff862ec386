import type { JsonObject } from "../../util/canonical-json.js";
import { quote } from "../../util/quote.js";
import { isObject } from "../parse-python-json.js";
import { languageConfig } from "./language-config.js";
import type { TensorTotals } from "./tensor-survey.js";

/** How a checkpoint declares that its weights are quantized; as llama.cpp's converter reads it. */
export interface QuantizationConfig {
  /** `quant_method`, in lower case for ModelOpt's producer; null if nothing is declared. */
  method: string | null;
  /** `format` of compressed-tensors. */
  format: string | null;
  /** `quant_algo` of ModelOpt. */
  algorithm: string | null;
  /** Bits of a packed value; 4 if they are not given. */
  bits: number;
  /** Rows and columns of a block with one scale, for FP8. */
  block: readonly number[] | null;
}

/** Storage of a checkpoint's matrices. */
export interface WeightFormat extends Pick<QuantizationConfig, "method" | "format"> {
  /** For people: `BF16`, `FP8, a scale per block of 128 × 128`, `bitsandbytes, 4 bits`. */
  label: string;
  /** True if the values need scales or unpacking, so that only some methods can be read. */
  isQuantized: boolean;
  /** The type of packed values that the converter keeps, since it is a type of GGUF files, too; null for all others. */
  kept: "MXFP4" | "NVFP4" | null;
  /** True if scales are named `weight_scale`, not `weight_scale_inv`. */
  hasWeightScale: boolean;
  /** True if the configuration declares a method, and all tensors are plain 16- or 32-bit numbers. */
  isStale: boolean;
}

/** Reads `quantization_config` of config.json, completed by ModelOpt's hf_quant_config.json. Pure. */
export function quantizationConfig(config: JsonObject, modelOpt: JsonObject | undefined): QuantizationConfig {
  const declared = languageConfig(config).quantization_config;
  const own = isObject(declared) ? declared : {};
  const producer = isObject(modelOpt?.producer) ? text(modelOpt.producer.name) : null;
  const other = isObject(modelOpt?.quantization) ? modelOpt.quantization : {};
  const settings: Record<string, unknown> = { ...other, ...own };
  const groups = isObject(settings.config_groups) ? Object.values(settings.config_groups) : [];
  const weights = groups.flatMap((group) => (isObject(group) && isObject(group.weights) ? [group.weights] : []))[0];
  const hqq = isObject(settings.quant_config) ? settings.quant_config.weight_quant_params : undefined;
  const bits = [
    settings.bits,
    settings.w_bit,
    settings.nbits,
    weights?.num_bits,
    isObject(hqq) ? hqq.nbits : undefined,
  ];
  const block = settings.weight_block_size;
  return {
    method: text(settings.quant_method) ?? producer?.toLowerCase() ?? null,
    format: text(settings.format),
    algorithm: text(settings.quant_algo),
    bits: Number(
      bits.find((value) => typeof value === "number" && [1, 2, 3, 4, 5, 6, 8].includes(value)) ?? bitsFlag(settings),
    ),
    block: Array.isArray(block) && block.every((size) => typeof size === "number") ? block : null,
  };
}

/** bitsandbytes has a flag for each width. */
function bitsFlag(settings: Record<string, unknown>): number {
  return settings.load_in_8bit === true || settings._load_in_8bit === true ? 8 : 4;
}

function text(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

/** Names the storage of the matrices, from the declaration and the tensors. Pure. */
export function weightFormat(declared: QuantizationConfig, totals: TensorTotals): WeightFormat {
  const { method, format } = declared;
  const plain = plainType(totals);
  const packed = totals.marks.size > 0;
  const isStale = method !== null && plain !== undefined && !packed;
  const found =
    isStale || method === null ? (plainLabel(totals, plain) ?? undeclared(totals)) : label(declared, totals);
  return {
    method,
    format,
    label: found,
    isQuantized: packed || method !== null,
    kept: isStale ? null : ((["MXFP4", "NVFP4"] as const).find((type) => found.startsWith(type)) ?? null),
    hasWeightScale: totals.marks.has("weight-scale"),
    isStale,
  };
}

/** Returns the type of at least nine of ten values, if all are floats of 16 or more bits. */
function plainType({ dtypes }: TensorTotals): string | undefined {
  const all = Object.entries(dtypes).filter(([, values]) => values > 0);
  const total = all.reduce((sum, [, values]) => sum + values, 0);
  const [most] = all.toSorted(([, a], [, b]) => b - a);
  if (most === undefined || all.some(([dtype]) => !/^(BF16|F16|F32|F64|I64|BOOL)$/.test(dtype))) return undefined;
  return most[1] >= 0.9 * total
    ? most[0]
    : all
        .map(([dtype]) => dtype)
        .sort()
        .join(" and ");
}

function plainLabel({ marks }: TensorTotals, plain: string | undefined): string | undefined {
  return marks.size === 0 ? plain : undefined;
}

const methodNames: Readonly<Record<string, string>> = { gptq: "GPTQ", awq: "AWQ", hqq: "HQQ", bitnet: "BitNet" };

function label(declared: QuantizationConfig, totals: TensorTotals): string {
  const { method, format, algorithm, bits } = declared;
  const isOf = (kind: string) => `${algorithm} ${format}`.toLowerCase().includes(kind);
  if (method === "fp8" || method === "fbgemm_fp8") return fp8(declared, totals);
  if (method === "mxfp4") return "MXFP4";
  if (method === "modelopt") return isOf("nvfp4") ? "NVFP4 (ModelOpt)" : `${fp8(declared, totals)} (ModelOpt)`;
  if (method === "compressed-tensors") {
    const kind = isOf("nvfp4")
      ? "NVFP4"
      : isOf("mxfp4")
        ? "MXFP4"
        : isOf("float-quantized")
          ? fp8(declared, totals)
          : `${bits} bits`;
    return `${kind} (compressed-tensors, ${format === null ? "no format" : quote(format)})`;
  }
  if (method === "bitsandbytes") return `bitsandbytes, ${bits} bits`;
  const known = methodNames[method ?? ""];
  return known === undefined ? `quantized by ${quote(method ?? "")}` : `${known}, ${bits} bits`;
}

function fp8({ block }: QuantizationConfig, { fp8Scales }: TensorTotals): string {
  if (block !== null) return `FP8, a scale per block of ${block.join(" × ")}`;
  return fp8Scales === null ? "FP8" : `FP8, a scale per ${fp8Scales}`;
}

/** Names the storage of weights whose configuration does not declare them quantized. */
function undeclared({ marks, dtypes, fp8Scales }: TensorTotals): string {
  if (marks.has("bitsandbytes")) return "bitsandbytes";
  if (marks.has("W_q")) return "HQQ";
  if (marks.has("qweight")) return marks.has("order") ? "GPTQ" : "AWQ or GPTQ";
  if (marks.has("mxfp4")) return "MXFP4";
  if (marks.has("second-scale")) return "NVFP4";
  if (marks.has("weight_packed")) return "compressed-tensors";
  const fp8 = Object.keys(dtypes).some((dtype) => dtype.startsWith("F8_"));
  if (fp8) return fp8Scales === null ? "FP8" : `FP8, a scale per ${fp8Scales}`;
  return Object.keys(dtypes).sort().join(" and ") || "no weights";
}
