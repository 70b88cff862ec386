import * as z from "zod";
import { complaint } from "./schema-parts.js";
import { nearest } from "./suggest.js";
import { quote } from "./wording.js";

const keywords = ["default", "self"];
const hubFile = /^hf:[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*@[A-Za-z0-9][\w.-]*\/[^\s\\]+$/;
const forms = "Use `default`, `self`, a file such as `./text/calibration.txt`, or `hf:org/dataset@revision/file.txt`.";

const corpusEntry = z.string().superRefine((text, context) => {
  const fault = entryFault(text);
  if (fault !== undefined) context.addIssue(complaint(...fault));
});

/** One text or several, read in this order. */
export const corpus = z.union([corpusEntry, z.array(corpusEntry).min(1)]);

function entryFault(text: string): [message: string, remedy: string] | undefined {
  if (keywords.includes(text)) return undefined;
  if (text.startsWith("hf:")) {
    if (hubFile.test(text) && !text.split("/").includes("..")) return undefined;
    return [
      `${quote(text)} names no file of a Hub data set`,
      "Write `hf:org/dataset@revision/path/file.txt`; the revision pins the text.",
    ];
  }
  if (!isPlainPath(text)) return [`${quote(text)} is not a file path`, forms];
  // A bare word is a mistyped keyword far more often than a file without extension.
  if (/[/.]/.test(text)) return undefined;
  const near = nearest(text, keywords);
  return [
    `unknown corpus ${quote(text)}`,
    near === undefined ? forms : `Did you mean ${quote(near)}? A file is written \`./${text}\`.`,
  ];
}

/** True when the system can take the text as a path: not empty, no control characters. */
export function isPlainPath(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a NUL in a path is what makes Node throw
  return text.trim() !== "" && !/[\u0000-\u001f\u007f]/.test(text);
}
