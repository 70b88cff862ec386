import { alignUp } from "../../gguf/place-tensors.js";
import type { ErrorTable, TensorErrors } from "../../quant/error-table.js";
import { type GgmlType, knownType } from "../../quant/ggml-types.js";
import { type KnapsackItem, solve, undominated } from "../../quant/knapsack.js";
import { QuantsmithError } from "../../util/errors.js";
import { quote } from "../../util/quote.js";
import { storableTypes } from "./candidates.js";
import { type VariantSpec, variantFileBytes } from "./file-size.js";
import type { TensorTypes } from "./tensor-types.js";

export interface TypeChoiceOptions {
  spec: VariantSpec;
  table: ErrorTable;
  /** Mean KL divergence in nats per unit of error, by tensor. */
  alphas: ReadonlyMap<string, number>;
  /** Names of the types to choose from; a tensor whose rows do not fit a type uses its fallback. */
  types: readonly string[];
  /** Required types by tensor name. */
  pins: TensorTypes;
  /** Maximum size of the whole file. */
  budgetBytes: number;
}

export interface TypeChoice {
  /** For every tensor that llama-quantize would quantize. */
  types: TensorTypes;
  fileBytes: number;
  /** Mean KL divergence in nats predicted by the alphas. */
  predictedKld: number;
  /** Upper bound, relative, on the gain of an optimal choice under the same prediction. */
  boundGap: number;
}

/**
 * Returns the types with the least predicted damage, KLD = sum of alpha_i e(i, t_i) (linearity theorem, HIGGS, arXiv
 * 2411.17525), in a file of at most `budgetBytes`. A tensor that fits none of the types keeps its 16 bits.
 * Throws QS-ALLOCATE-BUDGET, and QS-ALLOCATE-CHOICE for a pin that the tensor cannot be stored as.
 */
export function chooseTypes(options: TypeChoiceOptions): TypeChoice {
  const { spec, budgetBytes } = options;
  const items = typeItems(options);
  const choosable = items.filter(({ choices }) => choices.length > 0);
  const fixedBytes = fixedFileBytes(choosable, spec);
  const solution = solve({ items: choosable, budgetBytes: budgetBytes - fixedBytes });
  const own = new Map(spec.base.tensors.map(({ name, type }) => [name, type]));
  const chosen = new Map<string, GgmlType>();
  for (const { id } of items) {
    const type = solution.choice.get(id);
    const kept = own.get(id);
    if (type !== undefined) chosen.set(id, knownType(type));
    else if (kept !== undefined) chosen.set(id, kept);
  }
  return {
    types: chosen,
    fileBytes: variantFileBytes(spec, chosen),
    predictedKld: solution.damage,
    boundGap: solution.gap,
  };
}

/** Returns the bytes of the smallest possible file, and of the file in which every tensor has its least damaging type. */
export function sizeRange(options: Omit<TypeChoiceOptions, "budgetBytes">): { smallest: number; largest: number } {
  const items = typeItems(options).filter(({ choices }) => choices.length > 0);
  const frontiers = items.map(({ choices }) => undominated(choices));
  const fixedBytes = fixedFileBytes(items, options.spec);
  const total = (end: 0 | -1) => frontiers.reduce((sum, choices) => sum + (choices.at(end)?.bytes ?? 0), fixedBytes);
  return { smallest: total(0), largest: total(-1) };
}

/** Returns the bytes of the header and of tensors that keep their type. */
function fixedFileBytes(choosable: readonly KnapsackItem[], spec: VariantSpec): number {
  const first = new Map(choosable.map(({ id, choices }) => [id, knownType(choices[0]?.type ?? "")]));
  const firstBytes = choosable.reduce((sum, { choices }) => sum + (choices[0]?.bytes ?? 0), 0);
  return variantFileBytes(spec, first) - firstBytes;
}

/** Returns the choice with the types of some tensors changed. */
export function changeTypes(
  choice: TypeChoice,
  changes: ReadonlyMap<string, string>,
  { spec, ...options }: Omit<TypeChoiceOptions, "budgetBytes">,
): TypeChoice {
  const types = new Map(choice.types);
  for (const [name, type] of changes) types.set(name, knownType(type));
  const items = typeItems({ spec, ...options });
  const damages = items.map(({ id, choices }) => choices.find(({ type }) => type === types.get(id)?.name)?.damage ?? 0);
  const predictedKld = damages.reduce((sum, damage) => sum + damage, 0);
  // The solver's lower bound still holds; the changed choice is further from it.
  const bound = choice.predictedKld / (1 + choice.boundGap);
  const boundGap = bound > 0 ? Math.max(0, predictedKld / bound - 1) : 0;
  return { ...choice, types, fileBytes: variantFileBytes(spec, types), predictedKld, boundGap };
}

/** Returns the possible types of every tensor with their size and damage. */
export function typeItems({ spec, table, ...options }: Omit<TypeChoiceOptions, "budgetBytes">): KnapsackItem[] {
  const { alphas, pins } = options;
  return table.tensors.map((tensor) => {
    const pin = pins.get(tensor.name);
    const item = itemOf(tensor, pin === undefined ? options.types : [pin.name], alphas, spec.base.alignment);
    if (pin !== undefined && item.choices.length === 0) throw impossiblePin(tensor.name, pin.name);
    return item;
  });
}

function impossiblePin(name: string, type: string): QuantsmithError {
  return new QuantsmithError(
    "QS-ALLOCATE-CHOICE",
    `tensor ${quote(name)} cannot be stored as ${type}, which its rule requires`,
    {
      remedy:
        "Correct the rule: row lengths must be multiples of the type's block size, and types below 3 bits require calibration data.",
    },
  );
}

function itemOf(
  { name, shape, errors, bytes }: TensorErrors,
  types: readonly string[],
  alphas: ReadonlyMap<string, number>,
  alignment: number,
): KnapsackItem {
  const alpha = alphas.get(name) ?? 0;
  const choices = storableTypes(types, shape[0] ?? 1).flatMap((type) => {
    const error = errors[type.name];
    const size = bytes[type.name];
    // Without calibration data, the table omits the types that require it.
    if (error === undefined || size === undefined) return [];
    return { type: type.name, bytes: alignUp(size, alignment), damage: alpha * error };
  });
  return { id: name, choices };
}
