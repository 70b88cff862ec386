import type { PlannedTensor } from "../planned-tensor.js";

/** Parameter counts of a model: all, those used for every token, and one expert's. */
export interface ParameterCounts {
  total: number;
  shared: number;
  /** Sum over the layers of one expert each. */
  expert: number;
  experts: number;
}

/** Counts parameters as llama.cpp's converter does (`get_total_parameter_count` in gguf-py). */
export function countParameters(tensors: readonly Pick<PlannedTensor, "name" | "shape">[]): ParameterCounts {
  const counts = { total: 0, shared: 0, expert: 0, experts: 0 };
  let merged = 0;
  let experts = 0;
  for (const { name, shape } of tensors) {
    const values = shape.reduce((product, size) => product * size, 1);
    counts.total += values;
    const inTensor = name.includes("_exps.") ? shape[2] : undefined;
    if (inTensor === undefined) counts.shared += values;
    else {
      counts.expert += values / inTensor;
      experts += inTensor;
      merged += 1;
    }
  }
  return { ...counts, experts: merged === 0 ? 0 : Math.floor(experts / merged) };
}

/** Returns `general.size_label`, such as `1.5B` or `8x7B`, for a model whose name contains no size. */
export function sizeLabel({ total, shared, expert, experts }: ParameterCounts): string {
  return experts > 0 ? `${experts}x${rounded(shared + expert)}` : rounded(total);
}

/** Formats with at least two digits. Multiplies by the factors, instead of dividing, to round ties as gguf-py does. */
function rounded(count: number): string {
  const [factor, unit] =
    count > 1e12 ? [1e-12, "T"] : count > 1e9 ? [1e-9, "B"] : count > 1e6 ? [1e-6, "M"] : [1e-3, "K"];
  const scaled = count * (factor as number);
  const digits = roundEven(scaled) === 0 ? 0 : String(roundEven(scaled)).length;
  const places = Math.max(2 - digits, 0);
  return `${fixed(scaled, places)}${unit}`;
}

/** `toFixed` rounds halves up, Python to even. Only a multiple of a power of two can be an exact half. */
function fixed(value: number, places: number): string {
  const shifted = value * 10 ** places;
  const isHalf = shifted % 1 === 0.5 && Number.isInteger(value * 2 ** (places + 1));
  return isHalf ? (roundEven(shifted) / 10 ** places).toFixed(places) : value.toFixed(places);
}

function roundEven(value: number): number {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}
