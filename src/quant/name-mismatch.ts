import { nearestPreset, presets } from "./presets.js";

/** Presets commonly used as names. */
const usual = presets.filter(({ name }) => /^(F32|F16|Q8_0|I?Q[1-6]_(K|XXS|XS|S|M).*)$/.test(name));

/**
 * Returns the most common tensor type of a file that a preset's name misdescribes, given its bits per weight and tensors per
 * type; undefined if the name fits, or names no number of bits. Both the size and that type must mismatch: embeddings alone
 * increase the size of a small model.
 */
export function mismatchedType(
  preset: string,
  bitsPerWeight: number,
  types: Readonly<Record<string, number>>,
): string | undefined {
  const named = bitClass(preset);
  const main = mainType(types);
  if (named === undefined || main === undefined) return undefined;
  const nearest = nearestPreset(usual, bitsPerWeight).name;
  return bitClass(nearest) === named || bitClass(main) === named ? undefined : main;
}

/** `5` of `Q5_K_M` and of `IQ5_K`, `16` of `BF16`. */
function bitClass(name: string): number | undefined {
  const digits = /^(?:I?Q|B?F)(\d+)/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** The most common type; F32, such as that of norms, counts only if there is no other. */
function mainType(types: Readonly<Record<string, number>>): string | undefined {
  const known = Object.entries(types).filter(([type]) => bitClass(type) !== undefined);
  const others = known.filter(([type]) => type !== "F32");
  return (others.length > 0 ? others : known).sort(([, a], [, b]) => b - a)[0]?.[0];
}
