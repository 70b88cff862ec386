import type { PinFacts } from "./pin-facts.js";

/** Returns what users gain and lose with a new pin, as lines of Markdown for CHANGELOG.md. */
export function describeChanges(before: PinFacts, after: PinFacts): string[] {
  const kinds = Object.entries(after.kinds).flatMap(([kind, now]) => {
    const then = before.kinds[kind] ?? [];
    return [...named(`Adds ${kind}`, without(now, then)), ...named(`Removes ${kind}`, without(then, now))];
  });
  return [`- Changes llama.cpp from ${before.llamaCpp} to ${after.llamaCpp}.`, ...kinds];
}

const without = (names: readonly string[], others: readonly string[]) => names.filter((name) => !others.includes(name));

const named = (what: string, names: readonly string[]) =>
  names.length === 0 ? [] : [`- ${what}: ${names.join(", ")}.`];
