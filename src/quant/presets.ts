/** A preset of llama-quantize: a main tensor type, with other types for sensitive tensors. */
export interface Preset {
  /** Name on llama-quantize's command line. */
  name: string;
  /** `general.file_type` in the file (`enum llama_ftype`). */
  fileType: number;
  /** One line to help users choose. */
  about: string;
  /** True if llama-quantize requires an imatrix for it. */
  needsImatrix: boolean;
  /**
   * Nominal bits per weight over all tensors, for predictions: the result of `llama-quantize --dry-run` of the pinned
   * version for the tensor shapes of Llama 3.1 8B (8 030 261 248 weights). Small models have relatively larger embeddings
   * and exceed it.
   */
  bitsPerWeight: number;
}

type Row = [name: string, fileType: number, bitsPerWeight: number, needsImatrix: boolean, about: string];

/** Perplexity figures are from llama-quantize's help, measured on Llama 3 8B. */
const rows: readonly Row[] = [
  ["F32", 0, 32.0, false, "full precision, twice the size of a 16-bit source"],
  ["F16", 1, 16.001, false, "half precision"],
  ["BF16", 32, 16.001, false, "half precision with the range of F32; the usual source format"],
  ["Q8_0", 7, 8.501, false, "8 bits, +0.003 perplexity: as good as the source"],
  ["Q6_K", 18, 6.563, false, "6 bits, +0.022 perplexity"],
  ["Q5_K_M", 17, 5.704, false, "5 bits with sensitive tensors at 6, +0.057 perplexity"],
  ["Q5_K_S", 16, 5.57, false, "5 bits, +0.105 perplexity"],
  ["Q5_1", 9, 6.038, false, "5 bits, older format with offsets, +0.106 perplexity"],
  ["Q5_0", 8, 5.57, false, "5 bits, older format, +0.132 perplexity"],
  ["Q4_K_M", 15, 4.894, false, "4 bits with sensitive tensors at 6, +0.175 perplexity: the usual choice"],
  ["Q4_K_S", 14, 4.667, false, "4 bits, +0.269 perplexity"],
  ["Q4_1", 3, 5.103, false, "4 bits, older format with offsets, +0.451 perplexity"],
  ["Q4_0", 2, 4.636, false, "4 bits, older format, +0.469 perplexity; repacked at run time for ARM and AVX"],
  ["IQ4_NL", 25, 4.682, false, "4 bits, non-linear quantization"],
  ["IQ4_XS", 30, 4.46, false, "4 bits, non-linear quantization, larger blocks"],
  ["MXFP4_MOE", 38, 8.501, false, "MoE experts in MXFP4 (4.25 bits), everything else in Q8_0"],
  ["Q3_K_L", 13, 4.298, false, "3 bits with sensitive tensors at 5, +0.556 perplexity"],
  ["Q3_K_M", 12, 3.996, false, "3 bits with sensitive tensors at 4 and 5, +0.657 perplexity"],
  ["Q3_K_S", 11, 3.643, false, "3 bits, +1.632 perplexity"],
  ["IQ3_M", 27, 3.763, false, "3 bits, codebook, larger mix"],
  ["IQ3_S", 26, 3.661, false, "3 bits, codebook"],
  ["IQ3_XS", 22, 3.498, true, "3 bits, codebook, some tensors smaller"],
  ["IQ3_XXS", 23, 3.374, true, "3 bits, codebook, smallest"],
  ["Q2_K", 10, 3.159, false, "2 bits with sensitive tensors at 3 and 4, +3.520 perplexity"],
  ["Q2_K_S", 21, 2.97, true, "2 bits, +3.184 perplexity with an imatrix"],
  ["IQ2_M", 29, 2.929, true, "2 bits, codebook, larger mix"],
  ["IQ2_S", 28, 2.74, true, "2 bits, codebook"],
  ["IQ2_XS", 20, 2.588, true, "2 bits, codebook, smaller"],
  ["IQ2_XXS", 19, 2.382, true, "2 bits, codebook, smallest"],
  ["IQ1_M", 31, 2.146, true, "under 2 bits, larger mix"],
  ["IQ1_S", 24, 2.004, true, "under 2 bits, smallest"],
  ["TQ2_0", 37, 2.517, false, "ternary weights at 2.06 bits; only for models trained with ternary weights"],
  ["TQ1_0", 36, 2.191, false, "ternary weights at 1.69 bits; only for models trained with ternary weights"],
  ["Q2_0", 41, 2.68, false, "2 bits in blocks of 64; only for models trained for it"],
  ["Q1_0", 40, 1.482, false, "1 bit in blocks of 128; only for models trained for it"],
];

/** Aliases of llama-quantize. */
const aliases = new Map([
  ["Q3_K", "Q3_K_M"],
  ["Q4_K", "Q4_K_M"],
  ["Q5_K", "Q5_K_M"],
]);

/** All presets of the pinned llama-quantize except COPY, by family from large to small. */
export const presets: readonly Preset[] = rows.map(([name, fileType, bitsPerWeight, needsImatrix, about]) => ({
  name,
  fileType,
  about,
  needsImatrix,
  bitsPerWeight,
}));

const byName = new Map(presets.map((preset) => [preset.name, preset]));

/** Returns the preset with this name or alias (Q4_K is Q4_K_M), ignoring case; undefined if there is none. */
export function presetByName(name: string): Preset | undefined {
  const upper = name.toUpperCase();
  return byName.get(aliases.get(upper) ?? upper);
}

/** Returns the preset of a non-empty list whose usual bits per weight are nearest; of two, the first. */
export function nearestPreset(list: readonly Preset[], bitsPerWeight: number): Preset {
  const distance = (preset: Preset) => Math.abs(preset.bitsPerWeight - bitsPerWeight);
  return list.reduce((best, preset) => (distance(preset) < distance(best) ? preset : best));
}
