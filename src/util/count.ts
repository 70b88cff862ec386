/** Formats a number with its unit: "1 variant", "2 variants". */
export function count(number: number, unit: string): string {
  return `${number} ${unit}${number === 1 ? "" : "s"}`;
}
