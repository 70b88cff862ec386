import { readFile } from "node:fs/promises";
import type { Gguf } from "../../gguf/gguf.js";
import type { GgmlType } from "../../quant/ggml-types.js";
import { QuantsmithError } from "../../util/errors.js";
import { matchWithin } from "../../util/match-within.js";
import type { StageContext } from "../stage.js";
import type { QuantizeParams, TensorFallback } from "./quantize.js";

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
): Map<string, string> {
  const chosen = new Map<string, string>();
  for (const [pattern, type] of Object.entries(rules)) {
    const matching = tensorNames.filter(matcher(pattern));
    if (matching.length === 0 && !(pattern === "output" && "token_embd" in rules)) {
      throw new QuantsmithError("QS-QUANTIZE-RULE", `the tensor rule "${pattern}" matches no tensor of this model`, {
        remedy: "List the model's tensor names with `quantsmith inspect <file.gguf>` and correct the rule.",
      });
    }
    for (const name of matching) if (!chosen.has(name)) chosen.set(name, type);
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
    const found = matchWithin(pattern, name);
    if (found !== undefined) return found;
    throw new QuantsmithError("QS-QUANTIZE-RULE", `the tensor rule "${pattern}" takes too long to match`, {
      remedy: "Write it without nested repetitions.",
    });
  };
}

/** Tensor types from a file that `tensorTypeFile` wrote. */
export function parseTensorTypeFile(text: string): Map<string, string> {
  const types = new Map<string, string>();
  for (const [, name = "", type = ""] of text.matchAll(/^\^(.+)\$=(\w+)$/gm)) {
    types.set(name.replace(/\\(.)/g, "$1"), type.toUpperCase());
  }
  return types;
}

/**
 * The type of every tensor that does not follow its preset: as the input `rules`, a whole type map, says, else by the
 * recipe's rules. Errors: QS-QUANTIZE-RULE.
 */
export async function ruledTypes(
  { rules }: Pick<QuantizeParams, "rules">,
  context: Pick<StageContext, "input">,
  base: Gguf,
): Promise<Map<string, string>> {
  const map = context.input("rules");
  if (map !== undefined) return parseTensorTypeFile(await readFile(map, "utf8"));
  const names = base.tensors.map((tensor) => tensor.name);
  return resolveTensorRules(Object.fromEntries(rules), names);
}

/**
 * Rules that got another answer than asked for, given what the variant's tensors are or will be. A documented fallback
 * may be the answer, but no rule is silently ignored: that is QS-QUANTIZE-RULE.
 */
export function answeredRules(
  wanted: ReadonlyMap<string, string>,
  tensors: readonly { name: string; type: GgmlType }[],
  fellBack: readonly string[],
): TensorFallback[] {
  const types = new Map(tensors.map(({ name, type }) => [name, type.name]));
  const differing = [...wanted].filter(([name, type]) => types.get(name) !== type);
  const ignored = differing.find(([name]) => !fellBack.includes(name));
  if (ignored !== undefined) {
    const [name, type] = ignored;
    throw new QuantsmithError(
      "QS-QUANTIZE-RULE",
      `llama-quantize makes ${name} ${types.get(name) ?? "nothing"}, although the rule says ${type}`,
      {
        remedy: "Rules need a quantized preset, and 1-dimensional tensors keep their type. Correct or remove the rule.",
      },
    );
  }
  return differing.map(([name, asked]) => ({ name, asked, got: types.get(name) ?? "" }));
}

/** The text of a `--tensor-type-file`: one anchored line per tensor, reusable with plain llama-quantize. */
export function tensorTypeFile(types: ReadonlyMap<string, string>): string {
  return [...types]
    .map(([name, type]) => `^${name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$=${type.toLowerCase()}\n`)
    .join("");
}
