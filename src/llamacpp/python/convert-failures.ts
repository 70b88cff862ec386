import { QuantsmithError, type SourceLocation } from "../../util/errors.js";
import { quote } from "../../util/quote.js";
import type { FailurePattern } from "../tool-failure.js";

/** The parts of a checkpoint whose support differs. */
export type UnsupportedComponent = "model" | "projector";

const unsupported = {
  model: {
    message: (name: string) => `llama.cpp does not support the architecture ${quote(name)}`,
    remedy: "Use another model, or a version of quantsmith with a newer llama.cpp.",
  },
  projector: {
    message: (name: string) => `llama.cpp does not support the projector of the architecture ${quote(name)}`,
    remedy: "Set `convert: { mmproj: none }` in the recipe to release the language model only.",
  },
};

/** Returns the converter's error for an unsupported architecture. */
export function unsupportedArchitecture(
  component: UnsupportedComponent,
  name: string,
  at?: SourceLocation,
): QuantsmithError {
  const { message, remedy } = unsupported[component];
  return new QuantsmithError("QS-CONVERT-ARCHITECTURE", message(name), { remedy, ...(at && { at }) });
}

/** Returns the error for a pooling that llama.cpp's converter refuses. */
export function unsupportedPooling(): QuantsmithError {
  return new QuantsmithError(
    "QS-CONVERT-CONFIG",
    "the model pools its token vectors in a way that llama.cpp does not support",
    { remedy: "Use an embedding model that pools by mean, CLS token or last token." },
  );
}

function unsupportedPattern(component: UnsupportedComponent): FailurePattern {
  const { message, remedy } = unsupported[component];
  return {
    pattern: /Model (\S+) is not supported|Architecture '([^']+)' not supported/,
    code: "QS-CONVERT-ARCHITECTURE",
    message: ([, model, architecture]) => message(model ?? architecture ?? ""),
    remedy,
  };
}

/** Failures of `convert_hf_to_gguf.py`; the messages are from its `conversion/` folder. */
export const convertFailures: readonly FailurePattern[] = [
  unsupportedPattern("model"),
  {
    pattern: /--mtp \/ --no-nextn are not supported for (\S+)/,
    code: "QS-CONVERT-MTP",
    message: ([, name = ""]) => `llama.cpp's converter cannot separate the MTP layers of ${quote(name)}`,
    remedy: "Remove `mtp` from the recipe's `convert`.",
  },
  {
    pattern: /Failed to detect model architecture|KeyError: 'architectures'/,
    code: "QS-CONVERT-ARCHITECTURE",
    message: () => "config.json does not contain the model's architecture",
    remedy: "Add `architectures` to config.json, with the name that the model's publisher uses.",
  },
  {
    pattern:
      /NotImplementedError: (Quant method is not yet supported[^\n]*|Quant format [^\n]*|[^\n]*gptq dequantization[^\n]*|Can't handle multiple config groups[^\n]*)/,
    code: "QS-CONVERT-QUANTIZED",
    message: ([, reason = ""]) =>
      `llama.cpp's converter does not read the checkpoint's quantized weights: ${quote(reason)}`,
    remedy: "Use the model's 16-bit checkpoint.",
  },
  {
    pattern: /ValueError: Can not map tensor '([^'\n]+)'/,
    code: "QS-CONVERT-WEIGHTS",
    message: ([, name = ""]) => `llama.cpp's converter knows no tensor ${quote(name)} for this architecture`,
    remedy:
      "Remove the tensor if the model's own code does not read it. If it belongs to a layer, check `num_hidden_layers` in config.json.",
  },
  {
    // A quantization whose scales are not checked before: one without its matrix, or of another shape.
    pattern:
      /in dequant_model[\s\S]*KeyError: '([^'\n]+)'|in dequant_\w+[\s\S]*RuntimeError: (The size of tensor [^\n]*)/,
    code: "QS-CONVERT-WEIGHTS",
    message: ([, name, shapes = ""]) =>
      name === undefined
        ? `the scales of quantized weights do not fit them: ${quote(shapes)}`
        : `the quantized weights lack the tensor ${quote(name)}`,
    remedy: "Use config.json and weights of one commit of the model's original repository, or its 16-bit checkpoint.",
  },
  {
    pattern: /the converter may not run the checkpoint's code/,
    code: "QS-CONVERT-CODE",
    message: () =>
      "the checkpoint's tokenizer needs Python code that `auto_map` in tokenizer_config.json names, which is not run",
    remedy: "Remove `auto_map` if the model's tokenizer.json suffices, or use a checkpoint without code.",
  },
  {
    pattern: /the converter may not read files outside the checkpoint/,
    code: "QS-CONVERT-TOKENIZER",
    message: () => "tokenizer_config.json names a tokenizer outside the checkpoint, which is not read",
    remedy: "Remove `fast_tokenizer_files` from tokenizer_config.json, or use the model's original repository.",
  },
  {
    pattern: /NotImplementedError: Only MEAN, CLS, and LAST pooling types supported/,
    code: "QS-CONVERT-CONFIG",
    message: () => unsupportedPooling().message,
    remedy: unsupportedPooling().remedy,
  },
  {
    pattern: /BPE pre-tokenizer was not recognized(?:[\s\S]*?chkhsh: +([0-9a-f]{64}))?/,
    code: "QS-CONVERT-PRETOKENIZER",
    message: ([, hash]) => `llama.cpp does not recognize the model's BPE pre-tokenizer${hash ? ` (hash ${hash})` : ""}`,
    remedy:
      "Use the base model's tokenizer files if the model is a fine-tune with the same tokenizer, or set the pre-tokenizer, as in `convert: { pretokenizer: llama-bpe }`.",
  },
  {
    pattern: /ValueError: Tokenizer class (\S+) does not exist or is not currently imported/,
    code: "QS-CONVERT-TOKENIZER",
    message: ([, name = ""]) =>
      `tokenizer_config.json names the tokenizer class ${quote(name)}, which the converter's transformers does not know`,
    remedy:
      "Set `tokenizer_class` in tokenizer_config.json to the class of the model's original repository, or to `PreTrainedTokenizerFast` for a tokenizer.json.",
  },
  {
    // Only as the last exception: a class tries several kinds of tokenizers, and the last one fails for the actual reason.
    // Without tokenizer.model, transformers gives sentencepiece None, which is "not a string".
    pattern:
      /(?:FileNotFoundError: File not found: (?:\S*\/)?([^/\s]*token[^/\s]*)|TypeError: not a string)(?![\s\S]*\n\w+(?:Error|Exception):)|Can't load tokenizer for|Couldn't instantiate the backend tokenizer|\/convert_slow_tokenizer\.py[\s\S]*AttributeError: 'NoneType'/,
    code: "QS-CONVERT-TOKENIZER",
    message: ([, file]) => `the model's tokenizer files are missing or invalid${file ? `: ${file}` : ""}`,
    remedy: "Add tokenizer.json or tokenizer.model, and tokenizer_config.json, to the model's folder.",
  },
  {
    pattern:
      /Missing or incomplete model files: ([^\n]*)|Mismatch between weight map and model parts[^\n]*|SafetensorError: ([^\n]*)/,
    code: "QS-CONVERT-WEIGHTS",
    message: ([, missing, damage]) =>
      `the checkpoint's weights are incomplete: ${missing ?? damage ?? "the index and the files differ"}`,
    remedy: "Download the model again with all of its safetensors files.",
  },
];

/** Failures with `--mmproj`: the converter may support an architecture without its projector. */
export const projectorFailures: readonly FailurePattern[] = [unsupportedPattern("projector"), ...convertFailures];

/** Failures of `convert_lora_to_gguf.py`. */
export const adapterFailures: readonly FailurePattern[] = [
  {
    pattern: /Unexpected name '([^']*)': Not a lora_A or lora_B tensor/,
    code: "QS-CONVERT-ADAPTER",
    message: ([, name = ""]) => `the adapter's tensor ${quote(name)} is not low-rank`,
    remedy: "Merge the adapter into its model: it contains fully trained matrices, such as embeddings.",
  },
  {
    pattern: /lm_head is present in adapter, but is ignored in base model/,
    code: "QS-CONVERT-ADAPTER",
    message: () => "the adapter changes the output matrix, which this model shares with its embedding",
    remedy: "Merge the adapter into the model and convert that.",
  },
  {
    pattern: /assert tensor\.[AB] is not None/,
    code: "QS-CONVERT-ADAPTER",
    message: () => "the adapter contains only one matrix of a low-rank pair",
    remedy: "Download the adapter again with all of its files.",
  },
  ...convertFailures,
];
