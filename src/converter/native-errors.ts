import type { Json } from "../util/canonical-json.js";
import { QuantsmithError } from "../util/errors.js";
import { quote } from "../util/quote.js";

const upstream = "Set `convert: { engine: upstream }` in the recipe to use llama.cpp's own converter.";

/** An input that only llama.cpp's own converter may support. */
export class NativeUnsupportedError extends QuantsmithError {}

/** QS-CONVERT-NATIVE: a limit of the native converter alone. `what` completes the sentence "the native converter …". */
export class NotNative extends NativeUnsupportedError {
  readonly what: string;

  constructor(what: string) {
    super("QS-CONVERT-NATIVE", `the native converter ${what}`, { remedy: upstream });
    this.what = what;
  }
}

export function nativeUnsupported(what: string): NotNative {
  return new NotNative(what);
}

/** Returns QS-CONVERT-CONFIG for a value that no converter can use; `file` is its file's name. */
export function badConfig(what: string, file = "config.json"): QuantsmithError {
  return new QuantsmithError("QS-CONVERT-CONFIG", `${file} cannot be converted: ${what}`, {
    remedy: `Use ${file} from the model's original repository, at the same commit as the weights.`,
  });
}

/** Returns QS-CONVERT-WEIGHTS for weights that do not match config.json or each other. */
export function badWeights(what: string): QuantsmithError {
  return new QuantsmithError("QS-CONVERT-WEIGHTS", `the weights do not match config.json: ${what}`, {
    remedy: `Use config.json and weights of one commit. ${upstream}`,
  });
}

/** Returns QS-CONVERT-WEIGHTS for tensors that the family does not define. */
export function unexpectedTensors(what: string): NativeUnsupportedError {
  const { code, message, remedy } = badWeights(what);
  return new NativeUnsupportedError(code, message, { remedy });
}

/** Formats a JSON value for a message. */
export function formatValue(value: Json): string {
  if (typeof value === "string") return quote(value);
  return typeof value === "object" && value !== null ? quote(JSON.stringify(value)) : String(value);
}
