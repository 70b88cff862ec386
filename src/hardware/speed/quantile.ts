/** Returns the quantile of values at `fraction`, linearly interpolated. NaN without values. */
export function quantile(values: readonly number[], fraction: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const place = fraction * (sorted.length - 1);
  const low = sorted[Math.floor(place)] ?? Number.NaN;
  const high = sorted[Math.ceil(place)] ?? Number.NaN;
  return low + (high - low) * (place - Math.floor(place));
}

/** Returns the median of values in any order. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Rounds to three significant digits; more are noise. Use `down` and `up` for the bounds of a range. */
export function threeDigits(value: number, direction: "nearest" | "down" | "up" = "nearest"): number {
  if (value === 0) return 0;
  const unit = 10 ** (Math.floor(Math.log10(Math.abs(value))) - 2);
  const round = { nearest: Math.round, down: Math.floor, up: Math.ceil }[direction];
  return Number((round(value / unit) * unit).toPrecision(3));
}
