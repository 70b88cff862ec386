import type { QuantizedTensor } from "../../llamacpp/quantize-report.js";
import { type GgmlType, knownType } from "../../quant/ggml-types.js";
import { QuantsmithError } from "../../util/errors.js";
import { matchWithTimeout } from "../../util/match-with-timeout.js";
import { quote } from "../../util/quote.js";
import type { TensorTypes } from "../allocate/tensor-types.js";
import type { TensorFallback } from "./quantize.js";

/**
 * Resolves a variant's manual rules to a type for each matching tensor.
 * A plain name part (`attn_v`, `token_embd`, `output`) matches the tensors of exactly that role; any other pattern is a
 * regular expression searched in the full name. The first matching rule wins, as in llama-quantize.
 * A rule for `output` may match nothing beside one for `token_embd`, the output matrix with tied embeddings.
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
      throw new QuantsmithError("QS-QUANTIZE-RULE", `tensor rule ${quote(pattern)} does not match any tensor`, {
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
      // Biases are never quantized, although some have two dimensions.
      const role = name.replace(/\.weight$/, "");
      return name === pattern || role === pattern || role.endsWith(`.${pattern}`);
    };
  }
  return (name) => {
    const found = matchWithTimeout(pattern, name);
    if (found !== undefined) return found;
    throw new QuantsmithError("QS-QUANTIZE-RULE", `tensor rule ${quote(pattern)} takes too long to match`, {
      remedy: "Rewrite the pattern without nested repetitions.",
    });
  };
}

/**
 * Throws QS-QUANTIZE-RULE for a rule that llama-quantize ignored, given the variant's planned or written tensors. A
 * fallback is not ignored.
 */
export function requireRules(
  wanted: TensorTypes,
  tensors: readonly { name: string; type: GgmlType }[],
  fallbacks: readonly TensorFallback[],
): void {
  const types: TensorTypes = new Map(tensors.map(({ name, type }) => [name, type]));
  const fellBack = new Set(fallbacks.map(({ name }) => name));
  const ignored = [...wanted].find(([name, type]) => types.get(name) !== type && !fellBack.has(name));
  if (ignored !== undefined) {
    const [name, type] = ignored;
    throw new QuantsmithError(
      "QS-QUANTIZE-RULE",
      `llama-quantize ignored a rule: tensor ${quote(name)} is ${types.get(name)?.name ?? "missing"}, the rule requires ${type.name}`,
      {
        remedy:
          "Correct or remove the rule. Rules require a quantized preset, and 1-dimensional tensors keep their type.",
      },
    );
  }
}

/** Returns the tensors that llama-quantize stores in another type than the rule or the preset requires. */
export function findFallbacks(tensors: readonly QuantizedTensor[]): TensorFallback[] {
  return tensors.flatMap(({ name, shape: [columns = 0], toType, fallback }) =>
    fallback === undefined || fallback.wantedType === toType
      ? []
      : [{ name, asked: fallback.wantedType, got: toType, columns }],
  );
}

/**
 * Returns the text of `tensor-types.txt`: one anchored line per tensor, for users and `llama-quantize --tensor-type-file`.
 * Steps read the types from `allocation.json` instead.
 */
export function tensorTypeFile(types: TensorTypes): string {
  return [...types]
    .map(([name, type]) => `^${name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$=${type.name.toLowerCase()}\n`)
    .join("");
}
