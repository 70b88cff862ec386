import { QuantsmithError, type SourceLocation } from "../../util/errors.js";
import type { FailurePattern } from "../tool-failure.js";

/** What of a checkpoint llama.cpp may have no code for. */
export type UnsupportedComponent = "model" | "projector";

const unsupported = {
  model: {
    message: (name: string) => `llama.cpp cannot convert the architecture ${name}`,
    remedy: "Choose another model, or a version of quantsmith with a newer llama.cpp.",
  },
  projector: {
    message: (name: string) => `llama.cpp cannot convert the projector of the architecture ${name}`,
    remedy: "Set `convert: { mmproj: none }` in the recipe to release the language model alone.",
  },
};

/** What the converter would say of an architecture that it has no code for. */
export function unsupportedArchitecture(
  component: UnsupportedComponent,
  name: string,
  at?: SourceLocation,
): QuantsmithError {
  const { message, remedy } = unsupported[component];
  return new QuantsmithError("QS-CONVERT-ARCHITECTURE", message(name), { remedy, ...(at && { at }) });
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

/** How `convert_hf_to_gguf.py` says what it cannot do; the texts are those of its `conversion/` folder. */
export const convertFailures: readonly FailurePattern[] = [
  unsupportedPattern("model"),
  {
    pattern: /Failed to detect model architecture|KeyError: 'architectures'/,
    code: "QS-CONVERT-ARCHITECTURE",
    message: () => "config.json does not name the model's architecture",
    remedy: "Add `architectures` to config.json, as the model's publisher names it.",
  },
  {
    pattern: /BPE pre-tokenizer was not recognized(?:[\s\S]*?chkhsh: +([0-9a-f]{64}))?/,
    code: "QS-CONVERT-PRETOKENIZER",
    message: ([, hash]) => `llama.cpp does not recognize the model's BPE pre-tokenizer${hash ? ` (hash ${hash})` : ""}`,
    remedy:
      "A fine-tune often has a changed tokenizer: use the base model's tokenizer files if it should be the same, or name the base model's pre-tokenizer, as in `convert: { pretokenizer: llama-bpe }`.",
  },
  {
    pattern:
      /FileNotFoundError: File not found: \S*?([^/\s]*token[^/\s]*)|Can't load tokenizer for|Couldn't instantiate the backend tokenizer/,
    code: "QS-CONVERT-TOKENIZER",
    message: ([, file]) => `The model's tokenizer files are missing or cannot be read${file ? `: ${file}` : ""}`,
    remedy: "Add tokenizer.json or tokenizer.model, and tokenizer_config.json, to the model's folder.",
  },
  {
    pattern:
      /Missing or incomplete model files: ([^\n]*)|Mismatch between weight map and model parts[^\n]*|SafetensorError: ([^\n]*)/,
    code: "QS-CONVERT-WEIGHTS",
    message: ([, missing, damage]) =>
      `The checkpoint's weights are not whole: ${missing ?? damage ?? "the index and the files differ"}`,
    remedy: "Download the model again, with all of its safetensors files.",
  },
];

/** The same for `--mmproj`, where an architecture may be known whose projector is not. */
export const projectorFailures: readonly FailurePattern[] = [unsupportedPattern("projector"), ...convertFailures];

/** What `convert_lora_to_gguf.py` has against an adapter, besides. */
export const adapterFailures: readonly FailurePattern[] = [
  {
    pattern: /Unexpected name '([^']*)': Not a lora_A or lora_B tensor/,
    code: "QS-CONVERT-ADAPTER",
    message: ([, name]) => `The adapter holds ${name}, which is no part of a low-rank adapter`,
    remedy: "An adapter that trained whole matrices, such as embeddings, must be merged into its model.",
  },
  {
    pattern: /lm_head is present in adapter, but is ignored in base model/,
    code: "QS-CONVERT-ADAPTER",
    message: () => "The adapter changes the output matrix, which this model shares with its embedding",
    remedy: "Merge the adapter into the model and convert that.",
  },
  {
    pattern: /assert tensor\.[AB] is not None/,
    code: "QS-CONVERT-ADAPTER",
    message: () => "The adapter holds one half of a pair of matrices",
    remedy: "Take all of the adapter's files from one place.",
  },
  ...convertFailures,
];
