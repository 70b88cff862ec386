import { QuantsmithError } from "../../util/errors.js";

/** How llama.cpp tells byte-level BPE tokenizers apart, read from its source. */
export interface Pretokenizers {
  /** The text that the converter tokenizes with a model's own tokenizer. */
  checkText: string;
  /** sha256 of the printed ids of that text, and the name of the pre-tokenizer it stands for. */
  names: Record<string, string>;
  /** Every name that llama.cpp can load, in the order of its source, with the patterns it splits a text by. */
  patterns: Record<string, string[]>;
}

/**
 * Reads them from `conversion/base.py` and `src/llama-vocab.cpp` of one llama.cpp.
 * Throws `QS-TOOL-CONVERTER` when they are not written as expected.
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
    throw new QuantsmithError(
      "QS-TOOL-CONVERTER",
      "llama.cpp's source does not tell its BPE pre-tokenizers as this version of quantsmith expects",
      { remedy: "Unset QUANTSMITH_LLAMA_CPP to use the pinned llama.cpp, or set `convert: { engine: upstream }`." },
    );
  }
  return { checkText: pythonText(quoted), names, patterns };
}

const escapes: Record<string, string> = { n: "\n", t: "\t", r: "\r", "'": "'", '"': '"', "\\": "\\" };

/** The text of a Python literal in single quotes. */
function pythonText(quoted: string): string {
  return quoted.replace(/\\(u[0-9a-fA-F]{4}|.)/g, (_, escaped: string) =>
    escaped.length === 5
      ? String.fromCharCode(Number.parseInt(escaped.slice(1), 16))
      : (escapes[escaped] ?? `\\${escaped}`),
  );
}

/** Joins the chain of names (`tokenizer_pre == "x"` … `pre_type = Y`) with the switch over types (`case Y` … patterns). */
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

/** The C++ string literals of a list, without those in comments. */
function literals(list: string): string[] {
  return list
    .split("\n")
    .filter((line) => !line.trim().startsWith("//"))
    .flatMap((line) => [...line.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, text = ""]) => cppText(text)));
}

function cppText(text: string): string {
  return text.replace(/\\(.)/g, (_, escaped: string) => escapes[escaped] ?? `\\${escaped}`);
}
