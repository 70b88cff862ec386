import type * as z from "zod";
import { parseStrictJson } from "../util/strict-json.js";

/** Parses a JSON file of a release; returns an error message if it is invalid. */
export function parseDocument<T>(text: string, schema: z.ZodType<T>): { data: T } | string {
  let json: unknown;
  try {
    json = parseStrictJson(text);
  } catch (error) {
    return `not valid JSON: ${(error as SyntaxError).message}`;
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return { data: parsed.data };
  const [issue] = parsed.error.issues;
  return `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "invalid value"}`;
}
