import { QuantsmithError } from "../../util/errors.js";
import { NativeUnsupportedError } from "../native-errors.js";

/** Returns QS-CONVERT-TOKENIZER for a file that no converter can use: truncated, edited, or from another model. */
export function brokenTokenizer(file: string, what: string, cause?: unknown): QuantsmithError {
  return new QuantsmithError("QS-CONVERT-TOKENIZER", `${file} is unusable: ${what}`, {
    remedy: `Use ${file} from the model's original repository, at the same commit as the weights.`,
    at: { file },
    cause,
  });
}

/** Returns QS-CONVERT-TOKENIZER for a tokenizer that only upstream supports; `what` completes "the native converter …". */
export function unsupportedTokenizer(what: string): NativeUnsupportedError {
  return new NativeUnsupportedError("QS-CONVERT-TOKENIZER", `the native converter ${what}`, {
    remedy: "Set `convert: { engine: upstream }` in the recipe to use llama.cpp's own converter.",
  });
}

/** Returns QS-CONVERT-TOKENIZER for a model folder without the family's tokenizer files. */
export function missingTokenizer(files: string): QuantsmithError {
  return new QuantsmithError("QS-CONVERT-TOKENIZER", `the model folder contains no ${files}`, {
    remedy: "Copy the tokenizer's files from the model's original repository, or from its base model.",
  });
}
