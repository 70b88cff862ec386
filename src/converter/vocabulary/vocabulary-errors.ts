import { QuantsmithError } from "../../util/errors.js";
import { NativeUnsupportedError } from "../native-errors.js";

/** A tokenizer file that nobody could use: cut, edited by hand, or of another model. */
export function brokenTokenizer(file: string, what: string, cause?: unknown): QuantsmithError {
  return new QuantsmithError("QS-CONVERT-TOKENIZER", `${file} is not usable: ${what}`, {
    remedy: `Take ${file} from the model's original repository, at the same commit as the weights.`,
    at: { file },
    cause,
  });
}

/** A tokenizer that may well be sound, but that only llama.cpp's own converter reads: `what` completes "the native converter …". */
export function unsupportedTokenizer(what: string): NativeUnsupportedError {
  return new NativeUnsupportedError("QS-CONVERT-TOKENIZER", `The native converter ${what}`, {
    remedy: "Set `convert: { engine: upstream }` in the recipe to let llama.cpp's own converter try.",
  });
}

/** Neither of the files that a family's tokenizer can come in is there. */
export function missingTokenizer(files: string): QuantsmithError {
  return new QuantsmithError("QS-CONVERT-TOKENIZER", `The model folder has no ${files}`, {
    remedy: "Take the tokenizer's files from the model's original repository, or from the model it was trained from.",
  });
}
