import { distance } from "fastest-levenshtein";

/** Names longer than this are no typing slip, and the distance takes time by the square of the length. */
const maxNameLength = 60;

/**
 * The known name that a mistyped one most likely means, or undefined when none is near.
 * Case, `_`, `-`, `.` and blanks do not count; otherwise one slip in three letters is forgiven.
 */
export function nearest(typed: string, known: Iterable<string>): string | undefined {
  const wanted = plain(typed);
  if (wanted === "" || typed.length > maxNameLength) return undefined;
  let best: string | undefined;
  let bestDistance = Math.floor(wanted.length / 3) + 1;
  for (const name of known) {
    const slips = distanceOf(wanted, plain(name));
    if (slips < bestDistance) {
      best = name;
      bestDistance = slips;
    }
  }
  return best;
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[_\-.\s]/g, "");
}

/** `match` for `matches` is one slip, and so is `mian` for `main`. */
function distanceOf(wanted: string, name: string): number {
  if (wanted.length >= 3 && wanted !== name && (name.startsWith(wanted) || wanted.startsWith(name))) return 1;
  return isSwap(wanted, name) ? 1 : distance(wanted, name);
}

/** True when two neighbouring characters changed places and the rest is equal. */
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
