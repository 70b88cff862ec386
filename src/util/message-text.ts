import { quote } from "./quote.js";

/** Replaces control characters (terminal escapes, bidirectional overrides) by `·`, one for one, so columns keep. */
export function escapeControls(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is about
  return text.replace(/\t/g, " ").replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "·");
}

/** The same for a text of several lines, which it keeps. */
export function escapeControlLines(text: string): string {
  return text.split("\n").map(escapeControls).join("\n");
}

/** What a YAML value is, for "found …". */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (typeof value === "string") return `the text ${quote(value)}`;
  if (typeof value === "number") return `the number ${value}`;
  if (typeof value === "boolean") return `\`${value}\``;
  return Array.isArray(value) ? "a list" : "a mapping";
}

/** What a zod type name means to somebody who writes YAML, for "expected …". */
export function describeType(type: string): string {
  switch (type) {
    case "string":
      return "text";
    case "int":
      return "a whole number";
    case "number":
      return "a number";
    case "boolean":
      return "`true` or `false`";
    case "array":
      return "a list";
    case "object":
    case "record":
      return "a mapping (`key: value`)";
    default:
      return type;
  }
}
