import type { TensorRule } from "./families/family.js";
import { type PlannedTensor, type TensorSlice, toSlice, typeOf } from "./planned-tensor.js";
import type { CheckpointTensor } from "./read-checkpoint.js";
import type { TargetType } from "./values/convert-values.js";

interface Layer {
  /** One slice per expert, in expert order, by name in the GGUF file. */
  merged: Map<string, { shape: readonly number[]; slices: TensorSlice[] }>;
  /** Matrices not added yet. */
  missing: number;
}

/** Merges the matrices of a layer's experts into one tensor of three dimensions per kind of matrix. */
export class ExpertMerger {
  readonly #layers = new Map<number, Layer>();
  readonly #order: readonly string[];
  readonly #type: TargetType;

  /** `order` is the file order of the kinds. */
  constructor(rules: Iterable<TensorRule>, order: readonly string[], type: TargetType) {
    this.#order = order;
    this.#type = type;
    for (const { expert } of rules) if (expert !== undefined) this.#layer(expert.layer).missing += 1;
  }

  /** Adds one matrix. Returns the layer's merged tensors with its last matrix, else an empty list. */
  add(tensor: CheckpointTensor, rule: TensorRule, { layer, index }: { layer: number; index: number }): PlannedTensor[] {
    const all = this.#layer(layer);
    const one = all.merged.get(rule.gguf) ?? { shape: rule.shape.toReversed(), slices: [] };
    all.merged.set(rule.gguf, one);
    one.slices[index] = toSlice(tensor, rule);
    all.missing -= 1;
    if (all.missing > 0) return [];
    return this.#order.flatMap((kind) => {
      const name = `blk.${layer}.ffn_${kind}_exps.weight`;
      const { shape = [], slices = [] } = all.merged.get(name) ?? {};
      return { name, shape: [...shape, slices.length], type: typeOf(name, 3, this.#type), data: slices };
    });
  }

  #layer(number: number): Layer {
    const layer = this.#layers.get(number) ?? { merged: new Map(), missing: 0 };
    this.#layers.set(number, layer);
    return layer;
  }
}
