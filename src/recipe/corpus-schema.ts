import * as z from "zod";
import { isAddress } from "../util/address.js";
import { quote } from "../util/quote.js";
import { schemaIssue } from "../util/schema-issue.js";
import { didYouMean, nearest } from "../util/suggest.js";
import { parseHubText } from "./parse-hub-text.js";

const keywords = ["default", "self"];
/** Formats from which only a library can extract text. */
const noText = /\.(parquet|arrow|feather|avro|orc|gz|bz2|xz|zst|7z|tar|rar|bin|safetensors|gguf|pdf|docx?)$/i;
const forms = "Use `default`, `self`, a file such as `./text/calibration.txt`, or `hf:org/dataset@revision/file.txt`.";

const corpusEntry = z.string().superRefine((text, context) => {
  const fault = entryError(text);
  if (fault !== undefined) context.addIssue(schemaIssue(...fault));
});

/** One or more texts, read in this order. */
export const corpus = z.union([corpusEntry, z.array(corpusEntry).min(1)]);

function entryError(text: string): [message: string, remedy: string] | undefined {
  if (keywords.includes(text)) return undefined;
  if (text.startsWith("hf:")) {
    const file = parseHubText(text);
    if (file === undefined) {
      return [
        `${quote(text)} does not name a file of a Hub data set`,
        "Write `hf:org/dataset@revision/path/file.txt`, a file in an archive as `…/archive.zip/file.txt`, and `/` in a branch name as `%2F`. Add `#sha256=<64 digits>` to pin the content.",
      ];
    }
    return noTextFault(text, file.member ?? file.path);
  }
  if (!isPlainPath(text)) return [`${quote(text)} is not a file path`, forms];
  // A bare word is more likely a mistyped keyword than a file without extension.
  if (/[/.]/.test(text)) return noTextFault(text, text);
  const near = nearest(text, keywords);
  return [
    `unknown corpus ${quote(text)}`,
    near === undefined ? forms : `${didYouMean(near)} For a file, write \`./${text}\`.`,
  ];
}

function noTextFault(text: string, file: string): [message: string, remedy: string] | undefined {
  const kind = noText.exec(file)?.[1] ?? (/\.zip$/i.test(file) ? "zip" : undefined);
  if (kind === undefined) return undefined;
  return kind === "zip"
    ? [
        `${quote(text)} is an archive`,
        "Name a file in the archive: `hf:org/dataset@revision/archive.zip/folder/file.txt`.",
      ]
    : [`${quote(text)} is not a text: a corpus cannot be read from .${kind} files`, "Use plain text or .jsonl."];
}

/** Returns whether a text can be a path: not empty, no address, no control characters. */
export function isPlainPath(text: string): boolean {
  if (isAddress(text)) return false;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: Node throws for a NUL in a path
  return text.trim() !== "" && !/[\u0000-\u001f\u007f]/.test(text);
}

/** True for the path of a YAML file. Errors show lines of such files, so a recipe names no other file as one. */
export function isYamlPath(text: string): boolean {
  return isPlainPath(text) && /\.ya?ml$/i.test(text);
}
