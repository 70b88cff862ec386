/** Positive bounds around the values, with some room: logarithms know no zero. */
export function logDomain(values: readonly number[], room = 1.25): [number, number] {
  const positive = values.filter((value) => value > 0 && Number.isFinite(value));
  if (positive.length === 0) return [0.001, 1];
  return [Math.min(...positive) / room, Math.max(...positive) * room];
}

/** Ticks of a logarithmic axis: 1, 2, 5 of every decade, only the 1 when there are many decades. */
export function logTicks([from, to]: readonly [number, number]): number[] {
  const first = Math.floor(Math.log10(from));
  const last = Math.ceil(Math.log10(to));
  const steps = last - first > 3 ? [1] : [1, 2, 5];
  const ticks: number[] = [];
  for (let decade = first; decade <= last; decade++) {
    for (const step of steps) ticks.push(Number(`${step}e${decade}`));
  }
  return ticks.filter((tick) => tick >= from && tick <= to);
}
