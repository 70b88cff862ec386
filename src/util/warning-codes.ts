/**
 * Every permanent warning code with one line of documentation. `onCard`: people who download the release need to know,
 * so the model card and report.html repeat it. Codes are never renamed or reused.
 */
export const warningCodes = {
  // files (src/cli)
  "QW-GGUF-TRUNCATED": {
    onCard: false,
    about: "`fit` or `recommend` read a model file that is incomplete, such as a partial download.",
  },
  // tokenizer (src/stages)
  "QW-TOKENIZER-EOS": {
    onCard: false,
    about: "`add_eos_token` is true, which llama.cpp's measurements do not support; they override it.",
  },
  // quantization (src/stages/quantize)
  "QW-QUANTIZE-RULE": {
    onCard: true,
    about: "Tensors got another type than the recipe's rule requires, since their rows do not divide into its blocks.",
  },
  "QW-QUANTIZE-FALLBACK": {
    onCard: true,
    about: "Tensors got a larger type than the preset uses, since their rows do not divide into its blocks.",
  },
} as const satisfies Record<string, { onCard: boolean; about: string }>;

export type WarningCode = keyof typeof warningCodes;
