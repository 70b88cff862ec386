import type { Pretokenizers } from "../../llamacpp/toolchain/pretokenizers.js";
import type { JsonObject } from "../../util/canonical-json.js";
import { QuantsmithError, type SourceLocation } from "../../util/errors.js";
import { quote } from "../../util/quote.js";
import { nearest } from "../../util/suggest.js";
import { nearestPretokenizer } from "./nearest-pretokenizer.js";
import { pretokenizerHash } from "./pretokenizer-hash.js";

export interface PretokenizerChoice {
  /** `auto`, or the name to take whatever the hash says. */
  pretokenizer: string;
  known: Pretokenizers;
}

/**
 * The name of a byte-level BPE's pre-tokenizer. Throws QS-CONVERT-PRETOKENIZER where its hash is in no table, with the name
 * that splits a text most alike, and for a name that llama.cpp does not know.
 */
export function choosePretokenizer(tokenizer: JsonObject, { pretokenizer, known }: PretokenizerChoice): string {
  if (pretokenizer !== "auto") return checkPretokenizer(pretokenizer, known);
  const hash = pretokenizerHash(tokenizer, known.checkText);
  const name = known.names[hash];
  if (name !== undefined) return name;
  const likely = nearestPretokenizer(tokenizer, known);
  const found = `llama.cpp does not recognize the model's BPE pre-tokenizer, whose hash is ${hash}`;
  if (likely === undefined) {
    throw new QuantsmithError("QS-CONVERT-PRETOKENIZER", `${found}, and it splits text like none that it knows`, {
      remedy: "If you know one that fits, name it: `convert: { pretokenizer: <name> }`.",
    });
  }
  const alike = likely.share === 1 ? "exactly" : `in ${Math.floor(likely.share * 1000) / 10} % of the places`;
  const others = likely.equal.length === 0 ? "" : ` (so does ${likely.equal.map(quote).join(", ")})`;
  throw new QuantsmithError(
    "QS-CONVERT-PRETOKENIZER",
    `${found}; it splits llama.cpp's own check text ${alike} as ${quote(likely.name)} does${others}`,
    {
      remedy:
        likely.share === 1
          ? `\`convert: { pretokenizer: ${likely.name} }\` in the recipe takes that one, and the release records it. Compare the model's answers with the original's.`
          : "Ask for support in llama.cpp. `convert: { pretokenizer: <name> }` takes one by name, but one that splits text otherwise harms the model.",
    },
  );
}

/** A name that a recipe gives. Throws QS-CONVERT-PRETOKENIZER unless llama.cpp can load it. */
export function checkPretokenizer(name: string, known: Pretokenizers, at?: SourceLocation): string {
  if (Object.hasOwn(known.patterns, name)) return name;
  const suggestion = nearest(name, Object.keys(known.patterns));
  throw new QuantsmithError("QS-CONVERT-PRETOKENIZER", `llama.cpp knows no BPE pre-tokenizer ${quote(name)}`, {
    remedy:
      suggestion === undefined
        ? `It knows ${Object.keys(known.patterns).slice(0, 12).join(", ")} and others; \`auto\` recognizes most models.`
        : `Did you mean \`convert: { pretokenizer: ${suggestion} }\`?`,
    ...(at && { at }),
  });
}
