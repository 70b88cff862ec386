import * as z from "zod";
import { quote } from "./quote.js";

/** What `explain-issues.ts` reads from a complaint besides its message. */
export interface ComplaintParams {
  remedy: string;
  /** Keys of which one should be there; the complaint is dropped when an unknown key looks like one of them. */
  lacks: readonly string[];
  part: "key" | "value";
}

/** A schema issue in our own words, about a value or, with `path`, about a key or list entry in it. */
export function complaint(message: string, remedy: string, path: (string | number)[] = []) {
  const params: ComplaintParams = { remedy, lacks: [], part: path.length === 0 ? "value" : "key" };
  return { code: "custom" as const, message, path, params: { ...params } };
}

/** The complaint that a mapping has none of some keys. */
export function lacking(keys: readonly string[], message: string, remedy: string) {
  const params: ComplaintParams = { remedy, lacks: keys, part: "value" };
  return { code: "custom" as const, message, params: { ...params } };
}

/** Text that follows a pattern; `what` completes "… is not". */
export function matching(pattern: RegExp, what: string, remedy: string) {
  return z
    .string()
    .superRefine((text, context) => {
      if (!pattern.test(text)) context.addIssue(complaint(`${quote(text)} is not ${what}`, remedy));
    })
    .meta({ pattern: pattern.source });
}
