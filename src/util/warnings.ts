import { basename } from "node:path";
import { canonicalJson } from "./canonical-json.js";
import { quotedLines } from "./printable.js";
import { redact } from "./redact.js";
import { type WarningCode, warningCodes } from "./warning-codes.js";

/** A finding that does not stop the work: what the user should know, and what they can do. A type alias, for use in JSON. */
export type Warning = {
  code: WarningCode;
  /** One sentence without the variant's name. */
  message: string;
  /** What the user can do, one or two sentences. */
  remedy: string;
  /** The place: in the recipe, or a file of the model. */
  at?: { file: string; line?: number; column?: number };
  /** The variant that it concerns; absent for all. The engine sets it for warnings of steps. */
  variant?: string;
};

/** Returns the warnings without repetitions, in order, with secrets removed from their messages. */
export function distinctWarnings(warnings: Iterable<Warning>): Warning[] {
  const found = new Map<string, Warning>();
  for (const warning of warnings) {
    const shown = { ...warning, message: redact(warning.message) };
    found.set(canonicalJson(JSON.parse(JSON.stringify(shown))), shown);
  }
  return [...found.values()];
}

/** Returns a warning for a release: with the name of its file alone, equal on all machines. */
export function publicWarning({ at, ...warning }: Warning): Warning {
  return at === undefined ? warning : { ...warning, at: { file: basename(at.file) } };
}

/** Whether the model card repeats the warning; false for a code of another version. */
export function isOnCard({ code }: Warning): boolean {
  return (warningCodes as Partial<Record<string, { onCard: boolean }>>)[code]?.onCard === true;
}

/** Returns one sentence with the variant's name. */
export function warningText({ variant, message }: Warning): string {
  return variant === undefined ? message : `${variant}: ${message}`;
}

/** Formats a warning as lines: place, code, variant and message, then the remedy. */
export function formatWarning(warning: Warning): string[] {
  const { at, code, remedy } = warning;
  const place =
    at === undefined ? "" : `${[at.file, at.line, at.column].filter((part) => part !== undefined).join(":")}: `;
  const [first = "", ...more] = warningText(warning).split("\n");
  return [`${place}warning: ${code}: ${first}`, ...quotedLines(more.join("\n")), `  → ${remedy}`];
}
