import { QuantsmithError } from "../../util/errors.js";

/** llama.cpp's table of byte-level BPE pre-tokenizers, parsed from its source. */
export interface Pretokenizers {
  /** The text that the converter tokenizes with a model's tokenizer. */
  checkText: string;
  /** sha256 of the printed token ids of that text, to the name of the pre-tokenizer. */
  names: Record<string, string>;
  /** Names that llama.cpp supports, in the order of its source, to the regular expressions that split a text. */
  patterns: Record<string, string[]>;
}

/**
 * Parses the table from `conversion/base.py` and `src/llama-vocab.cpp` of one llama.cpp version.
 * Throws `QS-TOOL-CONVERTER` if the source has an unexpected form.
 */
export function parsePretokenizers(base: string, vocabulary: string): Pretokenizers {
  const quoted = /^\s*chktxt = '((?:[^'\\]|\\.)*)'$/m.exec(base)?.[1];
  const names = Object.fromEntries(
    [...base.matchAll(/if chkhsh == "([0-9a-f]{64})":\n(?:\s*#.*\n)*\s*res = "([^"]+)"/g)].map(
      ([, hash = "", name = ""]) => [hash, name],
    ),
  );
  const patterns = readPatterns(vocabulary);
  if (quoted === undefined || Object.keys(names).length === 0 || Object.keys(patterns).length === 0) {
    throw new QuantsmithError("QS-TOOL-CONVERTER", "cannot parse the BPE pre-tokenizers in llama.cpp's source", {
      remedy: "Unset `QUANTSMITH_LLAMA_CPP` to use the pinned llama.cpp, or set `convert: { engine: upstream }`.",
    });
  }
  return { checkText: pythonText(quoted), names, patterns };
}

const escapes: Record<string, string> = { n: "\n", t: "\t", r: "\r", "'": "'", '"': '"', "\\": "\\" };

/** Returns the value of a Python string literal in single quotes. */
function pythonText(quoted: string): string {
  return quoted.replace(/\\(u[0-9a-fA-F]{4}|.)/g, (_, escaped: string) =>
    escaped.length === 5
      ? String.fromCharCode(Number.parseInt(escaped.slice(1), 16))
      : (escapes[escaped] ?? `\\${escaped}`),
  );
}

/** Joins the `if` chain of names (`tokenizer_pre == "x"` … `pre_type = Y`) with the `switch` of types (`case Y`). */
function readPatterns(source: string): Record<string, string[]> {
  const byType = new Map<string, string[]>();
  let types: string[] = [];
  for (const [, type, list] of source.matchAll(
    /case (LLAMA_VOCAB_PRE_TYPE_\w+):|regex_exprs = \{\n((?:.*\n)*?)\s*\};/g,
  )) {
    if (type !== undefined) types.push(type);
    else {
      for (const name of types) byType.set(name, literals(list ?? ""));
      types = [];
    }
  }
  const patterns: Record<string, string[]> = {};
  let names: string[] = [];
  for (const [, name, type] of source.matchAll(
    /tokenizer_pre == "([^"]+)"|\bpre_type = (LLAMA_VOCAB_PRE_TYPE_\w+);/g,
  )) {
    if (name !== undefined) names.push(name);
    else {
      const known = byType.get(type ?? "");
      if (known !== undefined) for (const each of names) patterns[each] = known;
      names = [];
    }
  }
  return patterns;
}

/** Returns the C++ string literals of a list, except those in comments. */
function literals(list: string): string[] {
  return list
    .split("\n")
    .filter((line) => !line.trim().startsWith("//"))
    .flatMap((line) => [...line.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, text = ""]) => cppText(text)));
}

function cppText(text: string): string {
  return text.replace(/\\(.)/g, (_, escaped: string) => escapes[escaped] ?? `\\${escaped}`);
}
