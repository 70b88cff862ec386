/** Returns bounds around the positive values, with a margin; zero does not fit a logarithmic axis. */
export function logDomain(values: readonly number[], room = 1.25): [number, number] {
  const positive = values.filter((value) => value > 0 && Number.isFinite(value));
  if (positive.length === 0) return [0.001, 1];
  return [Math.min(...positive) / room, Math.max(...positive) * room];
}

/** Divisions of a decade, from coarse to fine. */
const divisions: readonly (readonly number[])[] = [
  [1],
  [1, 2, 5],
  [1, 2, 3, 4, 5, 6, 7, 8, 9],
  Array.from({ length: 18 }, (_, i) => (2 + i) / 2),
  Array.from({ length: 90 }, (_, i) => (10 + i) / 10),
];

/** Ticks of a logarithmic axis: from the coarsest division with at least three ticks, else from the finest. */
export function logTicks([from, to]: readonly [number, number]): number[] {
  let ticks: number[] = [];
  for (const division of divisions) {
    ticks = decades(from, to).flatMap((decade) => division.map((step) => Number(`${step}e${decade}`)));
    ticks = ticks.filter((tick) => tick >= from && tick <= to);
    if (ticks.length >= 3) break;
  }
  return ticks;
}

function decades(from: number, to: number): number[] {
  const first = Math.floor(Math.log10(from));
  return Array.from({ length: Math.ceil(Math.log10(to)) - first + 1 }, (_, i) => first + i);
}
