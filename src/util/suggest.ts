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
    const distance = distanceOf(wanted, plain(name));
    if (distance < bestDistance) {
      best = name;
      bestDistance = distance;
    }
  }
  return best;
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[_\-.\s]/g, "");
}

/** `match` for `matches` is one slip, not two. */
function distanceOf(wanted: string, name: string): number {
  if (wanted.length >= 3 && wanted !== name && (name.startsWith(wanted) || wanted.startsWith(name))) return 1;
  return editDistance(wanted, name);
}

/** Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = at(last, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let cost = Math.min(substituted, at(last, j) + 1, at(row, j - 1) + 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) cost = Math.min(cost, at(beforeLast, j - 2) + 1);
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return at(last, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
