import { quote } from "../util/quote.js";
import type { TensorRule } from "./families/family.js";
import { badWeights, unexpectedTensors } from "./native-errors.js";

/** Buffers of old checkpoints that llama.cpp computes itself. */
const unused = [".attention.masked_bias", ".attention.bias", ".rotary_emb.inv_freq"];

interface Header {
  name: string;
  shape: readonly number[];
}

/**
 * Returns the rule of a checkpoint's tensor; undefined for a buffer that is not converted. Throws QS-CONVERT-WEIGHTS for
 * a tensor that is unknown or differs in shape from config.json; a `NativeUnsupportedError` where llama.cpp's converter
 * may read it.
 */
export function matchTensor(rules: ReadonlyMap<string, TensorRule>, { name, shape }: Header): TensorRule | undefined {
  if (unused.some((suffix) => name.endsWith(suffix))) return undefined;
  const rule = rules.get(name);
  if (rule === undefined) throw unknownTensor(rules, name);
  if (shape.length === rule.shape.length && shape.every((size, i) => size === rule.shape[i])) return rule;
  const what = `${quote(name)} has the shape [${shape.slice(0, 8).join(", ")}], not [${rule.shape.join(", ")}]`;
  // If only the embedding's length differs, llama.cpp's converter keeps the rows that have a token.
  const onlyLength =
    shape.length === rule.shape.length && shape.slice(1).every((size, i) => size === rule.shape[i + 1]);
  throw rule.vocabulary === true && onlyLength ? unexpectedTensors(what) : badWeights(what);
}

const layerNumber = /^model\.layers\.(\d+)\./;

/** A layer after the last is of no known kind; another name may be one that llama.cpp's converter knows. */
function unknownTensor(rules: ReadonlyMap<string, TensorRule>, name: string) {
  const layer = layerNumber.exec(name)?.[1];
  const isBeyond = layer !== undefined && !rules.has(`model.layers.${layer}.input_layernorm.weight`);
  if (isBeyond) return badWeights(`${quote(name)} is beyond the last layer of \`num_hidden_layers\``);
  return unexpectedTensors(`this architecture has no tensor ${quote(name)}`);
}

/**
 * Throws QS-CONVERT-WEIGHTS for a required tensor that a checkpoint lacks. llama.cpp itself does without an output matrix
 * and some biases.
 */
export function requireTensors(rules: ReadonlyMap<string, TensorRule>, seen: ReadonlySet<string>): void {
  for (const [name, { required, gguf }] of rules) {
    if (!required || seen.has(name)) continue;
    const isOptional = gguf === "output.weight" || !name.endsWith(".weight");
    throw isOptional ? unexpectedTensors(`${quote(name)} is missing`) : badWeights(`${quote(name)} is missing`);
  }
}
