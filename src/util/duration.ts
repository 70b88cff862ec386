const seconds = new Map([
  ["s", 1],
  ["min", 60],
  ["h", 3600],
  ["d", 86_400],
]);

/** Parses a time such as `90 min`, `4h` or `2 d` into seconds, rounded up; undefined for other text. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*(s|min|h|d)$/i.exec(text.trim());
  const unit = seconds.get(match?.[2]?.toLowerCase() ?? "");
  return match === null || unit === undefined ? undefined : Math.ceil(Number(match[1]) * unit);
}
