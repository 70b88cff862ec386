import type { CorpusUse } from "../../src/corpus/sample-prompts.js";
import type { Random } from "./random.js";

/** Phrases by slot name. */
export type Phrases = Readonly<Record<string, readonly string[]>>;

/** `"a / b / c"` as a list. */
export function list(text: string): string[] {
  return text
    .split(/\s+\/\s+/)
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

const uses = ["calibration", "search", "evaluation"] as const satisfies readonly CorpusUse[];

/** Returns every third item: the part of a pool for one use, so that uses have no phrase in common. */
export function share<T>(pool: readonly T[], use: CorpusUse): T[] {
  return pool.filter((_, index) => uses[index % uses.length] === use);
}

/**
 * Fills the slots of a template: `{name}` with a phrase of that name, which may contain slots, `{1-99}` with a number,
 * and `<a|b|c>` with one of the choices.
 */
export function fill(template: string, phrases: Phrases, random: Random): string {
  return template.replace(/\{(\w+)\}|\{(\d+)-(\d+)\}|<([^<>|]*(?:\|[^<>|]*)+)>/g, (whole, name, low, high, choice) => {
    if (choice !== undefined) return fill(random.pick(String(choice).split("|")), phrases, random);
    if (low !== undefined) return `${random.between(Number(low), Number(high))}`;
    const pool = phrases[String(name)];
    return pool === undefined ? String(whole) : fill(random.pick(pool), phrases, random);
  });
}

/** Returns the text with its first letter in upper case. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
