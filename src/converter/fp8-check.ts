import type { TensorHeader } from "../checkpoint/check-snapshot.js";
import { languageConfig } from "../checkpoint/outline/language-config.js";
import { quantizationConfig } from "../checkpoint/outline/weight-format.js";
import { isObject } from "../checkpoint/parse-python-json.js";
import { scaledTensor } from "../checkpoint/scale-names.js";
import type { JsonObject } from "../util/canonical-json.js";
import { QuantsmithError } from "../util/errors.js";
import { quote } from "../util/quote.js";
import { type Fp8Layout, fp8Layout } from "./fp8-layout.js";

/** The layout of the scales, and the type of the weights that have one. */
interface ScaledLayout extends Fp8Layout {
  dtype: "F8" | "I8";
  /** Whether a scale may be of a tensor that is missing; the converter drops it. */
  lonely: boolean;
}

/**
 * Compares the scales of a checkpoint's 8-bit tensors with the layout that config.json, or ModelOpt's hf_quant_config.json,
 * declares. llama.cpp's converter fails on a wrong scale with Python's own error, or applies it to other weights, and writes a
 * tensor without one unscaled.
 */
export class Fp8Check {
  readonly #layout: ScaledLayout | undefined;
  readonly #tensors = new Map<string, TensorHeader>();

  constructor(config: JsonObject, modelOpt?: JsonObject) {
    this.#layout = scaledLayout(config, modelOpt);
  }

  add(tensors: readonly TensorHeader[]): void {
    if (this.#layout === undefined) return;
    for (const tensor of tensors) this.#tensors.set(tensor.name, tensor);
  }

  /** Returns QS-CONVERT-WEIGHTS for the first fault, after the last file; undefined without one. */
  finish(): QuantsmithError | undefined {
    const layout = this.#layout;
    if (layout === undefined) return undefined;
    const scaled = new Set<string>();
    for (const scale of this.#tensors.values()) {
      const name = scaledTensor(scale.name, layout.suffix);
      if (name === undefined) continue;
      const tensor = this.#tensors.get(name);
      if (tensor === undefined && layout.lonely) continue;
      const why = tensor === undefined ? "is the scale of a tensor that is missing" : fault(scale, tensor, layout);
      if (why !== undefined) return badScales(`${quote(scale.name)} ${why}`);
      scaled.add(name);
    }
    const isPlain = ({ name, dtype }: TensorHeader) =>
      dtype.startsWith(layout.dtype) && !scaled.has(name) && !name.includes("scale");
    const plain = [...this.#tensors.values()].find(isPlain);
    return plain && badScales(`${quote(plain.name)} has no scale`);
  }
}

/** Returns the layout of every quantization to 8 bits that llama.cpp's converter reads. */
function scaledLayout(config: JsonObject, modelOpt: JsonObject | undefined): ScaledLayout | undefined {
  if (quantizationConfig(config, modelOpt).method === "modelopt")
    return { suffix: "_scale", block: null, dtype: "F8", lonely: true };
  const declared = languageConfig(config).quantization_config;
  if (!isObject(declared)) return undefined;
  const isInteger = declared.format === "int-quantized";
  const likeFloat = isInteger || declared.format === "naive-quantized" ? { format: "float-quantized" } : {};
  const layout = fp8Layout({ ...declared, ...likeFloat });
  return layout && { ...layout, dtype: isInteger ? "I8" : "F8", lonely: false };
}

/** Returns what is wrong with a scale; undefined for one that fits, and for those of other quantizations beside FP8. */
function fault(scale: TensorHeader, { name, dtype, shape }: TensorHeader, layout: ScaledLayout): string | undefined {
  if (floats.test(dtype)) return `is the scale of ${dtype} weights`;
  if (!dtype.startsWith(layout.dtype)) return undefined;
  if (!floats.test(scale.dtype) && scale.dtype !== "F8_E8M0") return `is ${scale.dtype}, and a scale must be a float`;
  if (fits(scale.shape, { name, shape }, layout.block)) return undefined;
  const blocks = layout.block === null ? "" : ` in blocks of ${layout.block.join(" × ")}`;
  return `has the shape ${shapeText(scale.shape)}, which does not fit ${shapeText(shape)}${blocks}`;
}

const floats = /^(F64|F32|F16|BF16)$/;

/**
 * Whether there are scales for all blocks of the last two dimensions, or else for everything behind their own dimensions. The
 * fused attention matrix of MiMo models was split between devices: each part's last block may have fewer rows.
 */
function fits(
  scale: readonly number[],
  { name, shape }: Pick<TensorHeader, "name" | "shape">,
  block: Fp8Layout["block"],
): boolean {
  if (block !== null ? scale.length !== shape.length : scale.length > shape.length) return false;
  return scale.every((size, index) => {
    const inBlock = block?.[index - shape.length + 2];
    const whole = shape[index] ?? 0;
    if (inBlock === undefined) return size === 1 || size === whole;
    const blocks = Math.ceil(whole / inBlock);
    return size === blocks || (size > blocks && index === 0 && name.endsWith(".qkv_proj.weight"));
  });
}

const shapeText = (shape: readonly number[]) => `[${shape.join(" × ")}]`;

function badScales(what: string): QuantsmithError {
  return new QuantsmithError("QS-CONVERT-WEIGHTS", `the scales of the quantized weights are invalid: ${what}`, {
    remedy: "Use config.json and weights of one commit of the model's original repository, or its 16-bit checkpoint.",
  });
}
