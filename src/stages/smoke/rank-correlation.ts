/**
 * Returns Spearman's rank correlation of two lists of equal length: 1 for the same order, -1 for the opposite one. Equal
 * values share their mean rank. NaN if all values of a list are equal, or one is NaN.
 */
export function rankCorrelation(a: readonly number[], b: readonly number[]): number {
  if ([...a, ...b].some(Number.isNaN)) return Number.NaN;
  const [x, y] = [ranks(a), ranks(b)];
  const mean = (a.length - 1) / 2;
  const sum = (f: (x: number, y: number) => number) =>
    x.reduce((total, value, i) => total + f(value - mean, (y[i] ?? 0) - mean), 0);
  return sum((x, y) => x * y) / Math.sqrt(sum((x) => x * x) * sum((_, y) => y * y));
}

/** Ranks from 0. */
function ranks(values: readonly number[]): number[] {
  return values.map((value) => {
    const below = values.filter((other) => other < value).length;
    const equal = values.filter((other) => other === value).length;
    return below + (equal - 1) / 2;
  });
}
