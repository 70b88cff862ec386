/** Returns what `read` returns, or an empty text if it throws, as for a file of /proc on a system without it. */
export function readOrEmpty(read: () => string): string {
  try {
    return read();
  } catch {
    return "";
  }
}
