import { distance } from "fastest-levenshtein";
import { quote } from "./quote.js";

/** Longer names are not typing slips, and the distance takes quadratic time. */
const maxNameLength = 60;

/**
 * Returns the known name nearest to a mistyped one; undefined if none is near. Ignores case, `_`, `-`, `.` and blanks,
 * and allows one slip per three letters.
 */
export function nearest(typed: string, known: Iterable<string>): string | undefined {
  const target = plain(typed);
  if (target === "" || typed.length > maxNameLength) return undefined;
  let best: string | undefined;
  let bestDistance = Math.floor(target.length / 3) + 1;
  for (const name of known) {
    const slips = distanceOf(target, plain(name));
    if (slips < bestDistance) {
      best = name;
      bestDistance = slips;
    } else if (best !== undefined && slips === bestDistance && isNearer(target, plain(name), plain(best))) {
      best = name;
    }
  }
  return best;
}

/** Returns the remedy that proposes a name, which is escaped as `quote` does. */
export function didYouMean(name: string): string {
  return `Did you mean \`${quote(name).slice(1, -1)}\`?`;
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[_\-.\s]/g, "");
}

/** `match` for `matches` is one slip, and so is `mian` for `main`. */
function distanceOf(target: string, name: string): number {
  if (target.length >= 3 && target !== name && (name.startsWith(target) || target.startsWith(name))) return 1;
  return isSwap(target, name) ? 1 : distance(target, name);
}

/** Of two names that are one slip away, the one with the smaller edit distance is nearer. */
function isNearer(target: string, name: string, best: string): boolean {
  return distance(target, name) < distance(target, best);
}

/** Returns whether two texts differ only in two swapped neighbouring characters. */
function isSwap(a: string, b: string): boolean {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  return (
    a.length === b.length &&
    a !== b &&
    a[at] === b[at + 1] &&
    a[at + 1] === b[at] &&
    a.slice(at + 2) === b.slice(at + 2)
  );
}
