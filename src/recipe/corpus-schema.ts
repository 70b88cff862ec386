import * as z from "zod";
import { quote } from "../util/quote.js";
import { schemaIssue } from "../util/schema-issue.js";
import { didYouMean, nearest } from "../util/suggest.js";
import { parseHubText } from "./parse-hub-text.js";

const keywords = ["default", "self"];
/** Files of these kinds hold texts that only a library gets out. */
const noText = /\.(parquet|arrow|feather|avro|orc|gz|bz2|xz|zst|7z|tar|rar|bin|safetensors|gguf|pdf|docx?)$/i;
const forms = "Use `default`, `self`, a file such as `./text/calibration.txt`, or `hf:org/dataset@revision/file.txt`.";

const corpusEntry = z.string().superRefine((text, context) => {
  const fault = entryError(text);
  if (fault !== undefined) context.addIssue(schemaIssue(...fault));
});

/** One text or several, read in this order. */
export const corpus = z.union([corpusEntry, z.array(corpusEntry).min(1)]);

function entryError(text: string): [message: string, remedy: string] | undefined {
  if (keywords.includes(text)) return undefined;
  if (text.startsWith("hf:")) {
    const file = parseHubText(text);
    if (file === undefined) {
      return [
        `${quote(text)} names no file of a Hub data set`,
        "Write `hf:org/dataset@revision/path/file.txt`, a file in an archive as `…/archive.zip/file.txt`, and `/` in a branch name as `%2F`; add `#sha256=<64 digits>` to pin the file's content.",
      ];
    }
    return noTextFault(text, file.member ?? file.path);
  }
  if (!isPlainPath(text)) return [`${quote(text)} is not a file path`, forms];
  // A bare word is a mistyped keyword far more often than a file without extension.
  if (/[/.]/.test(text)) return noTextFault(text, text);
  const near = nearest(text, keywords);
  return [
    `unknown corpus ${quote(text)}`,
    near === undefined ? forms : `${didYouMean(near)} A file is written \`./${text}\`.`,
  ];
}

function noTextFault(text: string, file: string): [message: string, remedy: string] | undefined {
  const kind = noText.exec(file)?.[1] ?? (/\.zip$/i.test(file) ? "zip" : undefined);
  if (kind === undefined) return undefined;
  return kind === "zip"
    ? [`${quote(text)} is an archive`, "Name the file in it: `hf:org/dataset@revision/archive.zip/folder/file.txt`."]
    : [`${quote(text)} is no text: a corpus cannot be read from .${kind} files`, "Give plain text or .jsonl."];
}

/** True when the system can take the text as a path: not empty, no control characters. */
export function isPlainPath(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a NUL in a path is what makes Node throw
  return text.trim() !== "" && !/[\u0000-\u001f\u007f]/.test(text);
}
