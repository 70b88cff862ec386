import { parseGGUFQuantLabel } from "@huggingface/tasks";

/** File name of a variant in a release. */
export function variantFileName(model: string, variant: string): string {
  return `${model}-${variant}.gguf`;
}

/** File name of the importance matrix in a release. */
export function imatrixFileName(model: string): string {
  return `${model}-imatrix.gguf`;
}

/** File name of the projector in a release. Runtimes know one by how its name begins, and take the type for a part of it. */
export function projectorFileName(model: string): string {
  return `mmproj-${model}-F16.gguf`;
}

/**
 * The quantization label the Hub shows for a file name, read with the Hub's own code: the last part
 * that looks like a known quantization. Undefined means the Hub lists the file without a label; a
 * label other than the variant's name means visitors see another name than the recipe's.
 */
export function hubLabel(fileName: string): string | undefined {
  return parseGGUFQuantLabel(fileName);
}
