import type { Json } from "../util/canonical-json.js";
import { QuantsmithError } from "../util/errors.js";
import { quote } from "../util/quote.js";

const upstream = "Set `convert: { engine: upstream }` in the recipe to let llama.cpp's own converter try.";

/** A refusal of what llama.cpp's own converter may well convert. */
export class NativeUnsupportedError extends QuantsmithError {}

/** A limit of the native converter alone, QS-CONVERT-NATIVE; `what` completes "the native converter …". */
export class NotNative extends NativeUnsupportedError {
  readonly what: string;

  constructor(what: string) {
    super("QS-CONVERT-NATIVE", `The native converter ${what}`, { remedy: upstream });
    this.what = what;
  }
}

export function nativeUnsupported(what: string): NotNative {
  return new NotNative(what);
}

/** A value of config.json that no converter could use; `file` is the name that stands in the message. */
export function badConfig(what: string, file = "config.json"): QuantsmithError {
  return new QuantsmithError("QS-CONVERT-CONFIG", `${file} cannot be converted: ${what}`, {
    remedy: `Take ${file} from the model's original repository, at the same commit as the weights.`,
  });
}

/** Weights that do not fit config.json or each other. */
export function badWeights(what: string): QuantsmithError {
  return new QuantsmithError("QS-CONVERT-WEIGHTS", `The weights do not fit config.json: ${what}`, {
    remedy: `Take config.json and all weights from one commit. ${upstream}`,
  });
}

/** Tensors other than those that the family is known to have. */
export function unexpectedTensors(what: string): NativeUnsupportedError {
  const { code, message, remedy } = badWeights(what);
  return new NativeUnsupportedError(code, message, { remedy });
}

/** A value of a JSON file for a message. */
export function formatValue(value: Json): string {
  if (typeof value === "string") return quote(value);
  return typeof value === "object" && value !== null ? quote(JSON.stringify(value)) : String(value);
}
