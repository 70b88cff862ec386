import { parseGGUFQuantLabel } from "@huggingface/tasks";

/** Returns the file name of a variant in a release. */
export function variantFileName(model: string, variant: string): string {
  return `${model}-${variant}.gguf`;
}

const comparatorPrefix = "llama.cpp-";

/** Returns the name of a preset that is measured only for comparison. */
export function comparatorName(preset: string): string {
  return `${comparatorPrefix}${preset}`;
}

/** Whether a variant's name is that of a comparator. */
export function isComparatorName(name: string): boolean {
  return name.toLowerCase().startsWith(comparatorPrefix);
}

/** Returns the file name of the imatrix in a release. */
export function imatrixFileName(model: string): string {
  return `${model}-imatrix.gguf`;
}

/** Types of a projector, the most exact first. */
export const projectorTypes = ["F16", "Q8_0"] as const;
export type ProjectorType = (typeof projectorTypes)[number];

/** Returns the file name of a projector in a release. Runtimes recognize it by its prefix and parse the type. */
export function projectorFileName(model: string, type: ProjectorType): string {
  return `mmproj-${model}-${type}.gguf`;
}

/** Returns the file name of the layers for multi-token prediction in a release. Runtimes recognize it by its prefix. */
export function mtpFileName(model: string): string {
  return `mtp-${model}-Q8_0.gguf`;
}

/**
 * Returns the quantization label that the Hub displays for a file name, by the Hub's own code: the last part that matches
 * a known quantization. Undefined if the Hub displays none; the label can differ from the variant's name in the recipe.
 */
export function hubLabel(fileName: string): string | undefined {
  return parseGGUFQuantLabel(fileName);
}
