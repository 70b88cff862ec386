import { presets } from "./presets.js";

export interface NameMismatch {
  /** Bits per weight that the name of the preset suggests. */
  named: number;
  /** The most common tensor type. */
  main: string;
  /** The preset closest in bits per weight, among those commonly used as names. */
  nearest: string;
}

/**
 * Returns how a preset's name misdescribes a file of the given bits per weight and tensors per type; undefined if it fits, or
 * names no number of bits. Both the size and the most common type must mismatch: embeddings alone increase the size of a
 * small model.
 */
export function nameMismatch(
  preset: string,
  bitsPerWeight: number,
  types: Readonly<Record<string, number>>,
): NameMismatch | undefined {
  const named = bitClass(preset);
  const main = mainType(types);
  if (named === undefined || main === undefined) return undefined;
  const nearest = nearestPreset(bitsPerWeight);
  return bitClass(nearest) === named || bitClass(main) === named ? undefined : { named, main, nearest };
}

/** `5` of `Q5_K_M` and of `IQ5_K`, `16` of `BF16`. */
function bitClass(name: string): number | undefined {
  const digits = /^(?:I?Q|B?F)(\d+)/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function nearestPreset(bitsPerWeight: number): string {
  const usual = presets.filter(({ name }) => /^(F32|F16|Q8_0|I?Q[1-6]_(K|XXS|XS|S|M).*)$/.test(name));
  const distance = (preset: { bitsPerWeight: number }) => Math.abs(preset.bitsPerWeight - bitsPerWeight);
  return usual.reduce((best, preset) => (distance(preset) < distance(best) ? preset : best)).name;
}

/** The most common type; F32, such as that of norms, counts only if there is no other. */
function mainType(types: Readonly<Record<string, number>>): string | undefined {
  const known = Object.entries(types).filter(([type]) => bitClass(type) !== undefined);
  const others = known.filter(([type]) => type !== "F32");
  return (others.length > 0 ? others : known).sort(([, a], [, b]) => b - a)[0]?.[0];
}
