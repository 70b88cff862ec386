import * as z from "zod";
import { ggmlTypeByName, ggmlTypes } from "../quant/ggml-types.js";
import { presetByName, presets } from "../quant/presets.js";
import { quote } from "../util/quote.js";
import { patternString, schemaIssue } from "../util/schema-issue.js";
import { didYouMean, nearest } from "../util/suggest.js";

/** One of many names in any letter case, given out in its canonical form. Editors complete the canonical names. */
function known(what: string, names: readonly string[], find: (text: string) => string | undefined) {
  return z
    .string()
    .meta({ title: what, anyOf: [{ enum: names }, { pattern: "^[A-Za-z0-9_]+$" }] })
    .transform((text, context) => {
      const name = find(text);
      if (name !== undefined) return name;
      const near = nearest(text, names);
      const guess = near === undefined ? "" : `${didYouMean(near)} `;
      const remedy = `${guess}\`quantsmith types\` lists every ${what}.`;
      context.issues.push({ ...schemaIssue(`unknown ${what} ${quote(text)}`, remedy), input: text });
      return z.NEVER;
    });
}

/** A preset of llama-quantize; its aliases (`Q4_K`) become the full name (`Q4_K_M`). */
export const presetName = known(
  "preset",
  presets.map((preset) => preset.name),
  (text) => presetByName(text)?.name,
);

/** A tensor type that llama-quantize can write. */
export const tensorType = known(
  "tensor type",
  ggmlTypes.filter((type) => type.target).map((type) => type.name),
  (text) => {
    const type = ggmlTypeByName(text);
    return type?.target === true ? type.name : undefined;
  },
);

/** A name that can stand in a file name on every system and on the Hub. */
export const fileNamePart = /^[A-Za-z0-9][A-Za-z0-9._-]{0,95}$/;

/** A name for files: of the model or of a variant. */
export function nameSchema(what: string) {
  return patternString(
    fileNamePart,
    `usable as the name of a ${what}`,
    "Use letters, digits, `.`, `_` and `-`, beginning with a letter or digit, at most 96 of them.",
  );
}

/** Why a regular expression does not compile; undefined when it does. */
export function regexError(pattern: string): string | undefined {
  try {
    new RegExp(pattern);
    return undefined;
  } catch (error) {
    // "Invalid regular expression: /(/: Unterminated group": the user knows the pattern.
    return error instanceof Error ? error.message.slice(error.message.lastIndexOf(": ") + 2) : String(error);
  }
}

const maxPatternLength = 200;

/** A key of `tensors`; written into llama-quantize's tensor type file, which splits at blanks and `=` and lower-cases. */
export const tensorPattern = z
  .string()
  .superRefine((pattern, context) => {
    const fault = patternError(pattern);
    if (fault !== undefined)
      context.addIssue(schemaIssue(`the tensor pattern ${quote(pattern)} ${fault[0]}`, fault[1]));
  })
  .meta({ maxLength: maxPatternLength, pattern: "^[^\\sA-Z=]+$" });

function patternError(pattern: string): [message: string, remedy: string] | undefined {
  if (pattern === "") return ["is empty", "Name a part of tensor names, such as `ffn_down`."];
  if (pattern.length > maxPatternLength) {
    return [`is longer than ${maxPatternLength} characters`, "Split it into several patterns."];
  }
  if (/[\s=]/.test(pattern)) {
    return [
      "holds a blank or `=`",
      "Tensor names hold neither, and llama-quantize cannot take such a pattern; remove it.",
    ];
  }
  if (/[A-Z]/.test(pattern)) {
    return [
      "holds capital letters",
      "Tensor names are lower case, and llama-quantize lower-cases patterns: `\\d` must not be written `\\D`.",
    ];
  }
  const fault = regexError(pattern);
  return fault === undefined
    ? undefined
    : [`is no regular expression: ${fault}`, "Correct it, or name a part such as `ffn_down`."];
}
