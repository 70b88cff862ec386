const decimalUnits = ["B", "kB", "MB", "GB", "TB", "PB"];
const factors = new Map([
  ["b", 1],
  ["kb", 1e3],
  ["mb", 1e6],
  ["gb", 1e9],
  ["tb", 1e12],
  ["kib", 2 ** 10],
  ["mib", 2 ** 20],
  ["gib", 2 ** 30],
  ["tib", 2 ** 40],
]);

/**
 * Parses a size such as `2.4 GB` (10^9) or `2 GiB` (2^30), units in any case, into whole bytes. Returns undefined for a
 * missing unit, a negative number, or more bytes than a double represents exactly.
 */
export function parseBytes(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?i?b)$/i.exec(text.trim());
  const factor = factors.get(match?.[2]?.toLowerCase() ?? "");
  if (match === null || factor === undefined) return undefined;
  const bytes = Math.round(Number(match[1]) * factor);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/**
 * Formats bytes with three significant digits and a decimal unit, `2.40 GB`; below 1000 as a count, `12 B`. Memory, too,
 * so that it can be compared with files: a device sold with 8 GB has 8.59 GB.
 */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  let value = bytes;
  let unit = 0;
  // 999.5 would round to 1000 in three digits, so it uses the next unit.
  while (value >= 999.5 && unit < decimalUnits.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)} ${decimalUnits[unit]}`;
}
