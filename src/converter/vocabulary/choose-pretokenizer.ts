import type { Pretokenizers } from "../../llamacpp/toolchain/pretokenizers.js";
import type { JsonObject } from "../../util/canonical-json.js";
import { QuantsmithError, type SourceLocation } from "../../util/errors.js";
import { quote } from "../../util/quote.js";
import { nearest } from "../../util/suggest.js";
import { runTokenizer, type TokenizerContext } from "./run-tokenizer.js";

export interface PretokenizerChoice {
  /** `auto`, or a name that overrides the detection by hash. */
  pretokenizer: string;
  known: Pretokenizers;
  context: TokenizerContext;
}

/**
 * Returns the name of a byte-level BPE's pre-tokenizer. Throws QS-CONVERT-PRETOKENIZER for an unknown hash, with the most
 * similar pre-tokenizer, and for a name that llama.cpp does not support; otherwise the errors of `runTokenizer`.
 */
export async function choosePretokenizer(
  tokenizer: JsonObject,
  { pretokenizer, known, context }: PretokenizerChoice,
): Promise<string> {
  if (pretokenizer !== "auto") return checkPretokenizer(pretokenizer, known);
  const { hash, nearest: likely } = await runTokenizer(tokenizer, known, context);
  const name = known.names[hash];
  if (name !== undefined) return name;
  const found = `llama.cpp does not recognize the model's BPE pre-tokenizer with hash ${hash}`;
  if (likely === undefined) {
    throw new QuantsmithError("QS-CONVERT-PRETOKENIZER", `${found}, and no known pre-tokenizer splits text similarly`, {
      remedy: "Set a matching pre-tokenizer with `convert: { pretokenizer: <name> }`.",
    });
  }
  const alike = likely.share === 1 ? "all" : `${Math.floor(likely.share * 1000) / 10} %`;
  const others = likely.equal.length === 0 ? "" : ` (also ${likely.equal.map(quote).join(", ")})`;
  throw new QuantsmithError(
    "QS-CONVERT-PRETOKENIZER",
    `${found}; ${alike} of its splits of llama.cpp's test text match ${quote(likely.name)}${others}`,
    {
      remedy:
        likely.share === 1
          ? `Set \`convert: { pretokenizer: ${likely.name} }\` in the recipe, and compare the model's answers with the original's.`
          : "Request support in llama.cpp. Set `convert: { pretokenizer: <name> }` only if that pre-tokenizer splits text identically: a wrong one degrades the model.",
    },
  );
}

/** Returns a recipe's pre-tokenizer name. Throws QS-CONVERT-PRETOKENIZER unless llama.cpp supports it. */
export function checkPretokenizer(name: string, known: Pretokenizers, at?: SourceLocation): string {
  if (Object.hasOwn(known.patterns, name)) return name;
  const suggestion = nearest(name, Object.keys(known.patterns));
  throw new QuantsmithError(
    "QS-CONVERT-PRETOKENIZER",
    `llama.cpp does not support a BPE pre-tokenizer named ${quote(name)}`,
    {
      remedy:
        suggestion === undefined
          ? `Set \`auto\`, or a supported name such as ${Object.keys(known.patterns).slice(0, 12).join(", ")}.`
          : `Did you mean \`convert: { pretokenizer: ${suggestion} }\`?`,
      ...(at && { at }),
    },
  );
}
