import * as z from "zod";
import { quote } from "./quote.js";

/** What `explain-issues.ts` reads from an issue besides its message. */
export interface SchemaIssueParams {
  remedy: string;
  /** Keys of which one is required; the issue is dropped if an unknown key resembles one of them. */
  missingKeys: readonly string[];
  part: "key" | "value";
}

/** Returns a schema issue about a value or, with `path`, about a key or list entry in it. */
export function schemaIssue(message: string, remedy: string, path: (string | number)[] = []) {
  const params: SchemaIssueParams = { remedy, missingKeys: [], part: path.length === 0 ? "value" : "key" };
  return { code: "custom" as const, message, path, params: { ...params } };
}

/** Returns the issue that a mapping lacks all of some keys. */
export function missingKeys(keys: readonly string[], message: string, remedy: string) {
  const params: SchemaIssueParams = { remedy, missingKeys: keys, part: "value" };
  return { code: "custom" as const, message, params: { ...params } };
}

/** Text that matches a pattern; `what` completes "… is not". */
export function patternString(pattern: RegExp, what: string, remedy: string) {
  return z
    .string()
    .superRefine((text, context) => {
      if (!pattern.test(text)) context.addIssue(schemaIssue(`${quote(text)} is not ${what}`, remedy));
    })
    .meta({ pattern: pattern.source });
}
