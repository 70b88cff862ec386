export type RowState = "waiting" | "running" | "done" | "skipped" | "failed";

/** One line of the board; a line without a state is a heading or the time left. */
export interface BoardRow {
  state?: RowState;
  text: string;
}

/**
 * Returns at most `height` rows: counts replace rows that wait, from the end, then rows that are done, from the start. Rows
 * that run or failed are always shown.
 */
export function limitRows(rows: readonly BoardRow[], height: number): BoardRow[] {
  if (rows.length <= height) return [...rows];
  const surplus = rows.length - height;
  const waiting = rows.filter(({ state }) => state === "waiting");
  // The count takes one line, and a second one if finished rows are dropped as well.
  const later = new Set(waiting.slice(Math.max(0, waiting.length - surplus - 1)));
  const done = rows.filter(({ state }) => state === "done" || state === "skipped");
  const missing = surplus - later.size + (later.size > 0 ? 1 : 0);
  const earlier = new Set(missing > 0 ? done.slice(0, missing + 1) : []);
  const kept = rows.filter((each) => !later.has(each) && !earlier.has(each));
  return [
    ...(earlier.size === 0 ? [] : [{ text: `  ${earlier.size} more finished` }]),
    ...kept,
    ...(later.size === 0 ? [] : [{ text: `  ${later.size} more waiting` }]),
  ];
}
