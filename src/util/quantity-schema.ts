import * as z from "zod";
import { parseBytes } from "./bytes.js";
import { parseDuration } from "./duration.js";
import { quote } from "./quote.js";
import { schemaIssue } from "./schema-issue.js";

const sizeRemedy = "Write a number with a unit, such as `2.4 GB` (10^9 bytes) or `2.2 GiB` (2^30 bytes).";

/** Bytes, as a whole number or as text with a unit. */
export const size = z.union([z.int().min(1), quantity(parseBytes, "a size", sizeRemedy)]).meta({ title: "size" });

/** Bytes per second, as a number or as text with a unit. */
export const rate = z
  .union([
    z.number().positive(),
    quantity(parseRate, "a rate", "Write a number with a unit, such as `51.2 GB/s` (10^9 bytes in a second)."),
  ])
  .meta({ title: "rate" });

/** Seconds, as text with a unit. */
export const duration = quantity(
  parseDuration,
  "a time",
  "Write a number with a unit, such as `90 min` or `4 h`.",
).meta({ title: "time" });

/** Parses a rate such as `51.2 GB/s` into bytes per second; undefined for other text. */
export function parseRate(text: string): number | undefined {
  const match = /^(.*)\/\s*s$/i.exec(text.trim());
  return match?.[1] === undefined ? undefined : parseBytes(match[1]);
}

/** Text with a unit, transformed into a number above zero; `what` completes "… is not". */
function quantity(parse: (text: string) => number | undefined, what: string, remedy: string) {
  return z.string().transform((text, context) => {
    const value = parse(text);
    if (value !== undefined && value > 0) return value;
    context.issues.push({ ...schemaIssue(`${quote(text)} is not ${what}`, remedy), input: text });
    return z.NEVER;
  });
}
