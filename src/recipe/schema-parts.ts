import * as z from "zod";
import { ggmlTypeByName, ggmlTypes } from "../quant/ggml-types.js";
import { presetByName, presets } from "../quant/presets.js";
import type { Rounding } from "../stages/quantize/quantize.js";
import { quote } from "../util/quote.js";
import { patternString, schemaIssue } from "../util/schema-issue.js";
import { didYouMean, nearest } from "../util/suggest.js";

/** One of many names in any letter case, transformed into its canonical form, which editors complete. */
function known(what: string, names: readonly string[], find: (text: string) => string | undefined) {
  return z
    .string()
    .meta({ title: what, anyOf: [{ enum: names }, { pattern: "^[A-Za-z0-9_]+$" }] })
    .transform((text, context) => {
      const name = find(text);
      if (name !== undefined) return name;
      const near = nearest(text, names);
      const guess = near === undefined ? "" : `${didYouMean(near)} `;
      const remedy = `${guess}Run \`quantsmith types\` for a list of ${what}s.`;
      context.issues.push({ ...schemaIssue(`unknown ${what} ${quote(text)}`, remedy), input: text });
      return z.NEVER;
    });
}

/** Number of chunks of a text. */
export const chunks = z.int().min(1).max(100_000);
/** Tokens per chunk. */
export const context = z.int().min(64).max(1_048_576);

/** A preset of llama-quantize; aliases (`Q4_K`) become full names (`Q4_K_M`). */
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

/** A valid part of a file name on every system and on the Hub. */
export const fileNamePart = /^[A-Za-z0-9][A-Za-z0-9._-]{0,95}$/;

/** Name of a model or a variant in file names. */
export function nameSchema(what: string) {
  return patternString(
    fileNamePart,
    `usable as the name of a ${what}`,
    "Use at most 96 letters, digits, `.`, `_` and `-`, starting with a letter or digit.",
  );
}

/** Returns why a regular expression is invalid; undefined for a valid one. */
export function regexError(pattern: string): string | undefined {
  try {
    new RegExp(pattern);
    return undefined;
  } catch (error) {
    // Of "Invalid regular expression: /(/: Unterminated group" only the end: the message contains the pattern.
    return error instanceof Error ? error.message.slice(error.message.lastIndexOf(": ") + 2) : String(error);
  }
}

const maxPatternLength = 200;

export const rounding = z.enum(["feedback", "nearest"] as const satisfies readonly Rounding[]);

/** A key of `tensors`, written into a file that llama-quantize splits at blanks and `=` and converts to lower case. */
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
      "contains a space or `=`",
      "Remove it; llama-quantize rejects such patterns, and tensor names contain neither.",
    ];
  }
  if (/[A-Z]/.test(pattern)) {
    return ["contains capital letters", "Use lower case, as in tensor names; llama-quantize changes `\\D` into `\\d`."];
  }
  const fault = regexError(pattern);
  return fault === undefined
    ? undefined
    : [`is not a regular expression: ${fault}`, "Correct it, or use part of a name such as `ffn_down`."];
}

/** Also part of a pipeline. */
export const comparators = z
  .boolean()
  .describe(
    "Also build and measure the llama.cpp preset of the size of each dynamic variant and of each with error feedback, for comparison only (default true).",
  );
