import type { JsonObject } from "../util/canonical-json.js";
import { QuantsmithError } from "../util/errors.js";
import { quote } from "../util/quote.js";
import { type Fp8Layout, fp8Layout } from "./fp8-layout.js";

interface Header {
  name: string;
  dtype: string;
  shape: readonly number[];
}

/**
 * Compares the scales of a checkpoint's FP8 tensors with the layout that config.json declares. llama.cpp's converter fails
 * on a wrong scale with Python's own error, and writes a tensor without one unscaled.
 */
export class Fp8Check {
  readonly #layout: Fp8Layout | undefined;
  readonly #tensors = new Map<string, Header>();

  constructor(config: JsonObject) {
    this.#layout = fp8Layout(config.quantization_config);
  }

  add(tensors: readonly Header[]): void {
    if (this.#layout === undefined) return;
    for (const tensor of tensors) this.#tensors.set(tensor.name, tensor);
  }

  /** Returns QS-CONVERT-WEIGHTS for the first fault, after the last file; undefined without one. */
  finish(): QuantsmithError | undefined {
    const layout = this.#layout;
    if (layout === undefined) return undefined;
    const scaled = new Set<string>();
    for (const scale of this.#tensors.values()) {
      const name = scaledName(scale.name, layout);
      if (name === undefined) continue;
      const tensor = this.#tensors.get(name);
      if (tensor === undefined) return badScales(`${quote(scale.name)} is the scale of a tensor that is missing`);
      if (!fits(scale.shape, tensor.shape, layout.block)) {
        const shapes = `the shape ${shapeText(scale.shape)}, which does not fit ${shapeText(tensor.shape)}`;
        const blocks = layout.block === null ? "" : ` in blocks of ${layout.block.join(" × ")}`;
        return badScales(`${quote(scale.name)} has ${shapes}${blocks}`);
      }
      scaled.add(name);
    }
    const plain = [...this.#tensors.values()].find(
      ({ name, dtype }) => dtype.startsWith("F8_E4M3") && !scaled.has(name),
    );
    return plain && badScales(`${quote(plain.name)} has no scale`);
  }
}

/** Returns the tensor that a scale is for, by the names that llama.cpp's converter reads; undefined for other tensors. */
function scaledName(name: string, { suffix }: Fp8Layout): string | undefined {
  if (suffix === "_scale") return name.endsWith(".weight_scale") ? name.slice(0, -suffix.length) : undefined;
  if (name.endsWith(".qscale_weight")) return name.replace(/qscale_weight$/, "weight");
  return name.endsWith(suffix) ? name.slice(0, -suffix.length) : undefined;
}

/**
 * Whether there are scales for all blocks of the last two dimensions, or else for everything behind their own dimensions. A
 * matrix that was split between devices may have more blocks.
 */
function fits(scale: readonly number[], tensor: readonly number[], block: Fp8Layout["block"]): boolean {
  if (block !== null ? scale.length !== tensor.length : scale.length > tensor.length) return false;
  return scale.every((size, index) => {
    const inBlock = block?.[index - tensor.length + 2];
    const whole = tensor[index] ?? 0;
    return inBlock === undefined ? size === 1 || size === whole : size >= Math.ceil(whole / inBlock);
  });
}

const shapeText = (shape: readonly number[]) => `[${shape.join(" × ")}]`;

function badScales(what: string): QuantsmithError {
  return new QuantsmithError("QS-CONVERT-WEIGHTS", `the scales of the FP8 weights are invalid: ${what}`, {
    remedy: "Use config.json and weights of one commit of the model's original repository, or its 16-bit checkpoint.",
  });
}
