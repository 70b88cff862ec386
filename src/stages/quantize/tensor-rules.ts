import { type GgmlType, knownType } from "../../quant/ggml-types.js";
import { QuantsmithError } from "../../util/errors.js";
import { matchWithTimeout } from "../../util/match-with-timeout.js";
import type { TensorTypes } from "../allocate/tensor-types.js";
import type { TensorFallback } from "./quantize.js";

/**
 * Turns a variant's manual rules into a type for each tensor they name.
 * A plain name part (`attn_v`, `token_embd`, `output`) means the tensors of exactly that role; anything else is a
 * regular expression searched in the full name. The first rule that matches a tensor wins, as in llama-quantize.
 * `output` may match nothing beside a rule for `token_embd`: with tied embeddings that is the output matrix.
 * Errors: QS-QUANTIZE-RULE for a rule that matches no tensor.
 */
export function resolveTensorRules(
  rules: Readonly<Record<string, string>>,
  tensorNames: readonly string[],
): TensorTypes {
  const chosen = new Map<string, GgmlType>();
  for (const [pattern, type] of Object.entries(rules)) {
    const matching = tensorNames.filter(matcher(pattern));
    if (matching.length === 0 && !(pattern === "output" && "token_embd" in rules)) {
      throw new QuantsmithError("QS-QUANTIZE-RULE", `the tensor rule "${pattern}" matches no tensor of this model`, {
        remedy: "List the model's tensor names with `quantsmith inspect <file.gguf>` and correct the rule.",
      });
    }
    for (const name of matching) if (!chosen.has(name)) chosen.set(name, knownType(type));
  }
  return chosen;
}

function matcher(pattern: string): (name: string) => boolean {
  if (/^[\w-]+(\.[\w-]+)*$/.test(pattern)) {
    return (name) => {
      const role = name.replace(/\.(weight|bias)$/, "");
      return name === pattern || role === pattern || role.endsWith(`.${pattern}`);
    };
  }
  return (name) => {
    const found = matchWithTimeout(pattern, name);
    if (found !== undefined) return found;
    throw new QuantsmithError("QS-QUANTIZE-RULE", `the tensor rule "${pattern}" takes too long to match`, {
      remedy: "Write it without nested repetitions.",
    });
  };
}

/**
 * Rules that got another answer than asked for, given what the variant's tensors are or will be. A documented fallback
 * may be the answer, but no rule is silently ignored: that is QS-QUANTIZE-RULE.
 */
export function ruleFallbacks(
  wanted: TensorTypes,
  tensors: readonly { name: string; type: GgmlType }[],
  fellBack: readonly string[],
): TensorFallback[] {
  const types: TensorTypes = new Map(tensors.map(({ name, type }) => [name, type]));
  const differing = [...wanted].filter(([name, type]) => types.get(name) !== type);
  const ignored = differing.find(([name]) => !fellBack.includes(name));
  if (ignored !== undefined) {
    const [name, type] = ignored;
    throw new QuantsmithError(
      "QS-QUANTIZE-RULE",
      `llama-quantize makes ${name} ${types.get(name)?.name ?? "nothing"}, although the rule says ${type.name}`,
      {
        remedy: "Rules need a quantized preset, and 1-dimensional tensors keep their type. Correct or remove the rule.",
      },
    );
  }
  return differing.map(([name, asked]) => ({ name, asked: asked.name, got: types.get(name)?.name ?? "" }));
}

/**
 * The text of `tensor-types.txt`: one anchored line per tensor, for people and for `llama-quantize --tensor-type-file`.
 * Steps pass the types on in `allocation.json`.
 */
export function tensorTypeFile(types: TensorTypes): string {
  return [...types]
    .map(([name, type]) => `^${name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$=${type.name.toLowerCase()}\n`)
    .join("");
}
