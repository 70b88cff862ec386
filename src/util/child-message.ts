/** Native code may print among the JSON lines that a child process of ours writes; those begin with their kind. */
export function isChildMessage(line: string): boolean {
  return line.startsWith('{"kind":');
}

/** One line of a child process; undefined for whatever is not a message of ours. */
export function parseChildMessage<T extends { kind: string }>(line: string): T | undefined {
  if (!isChildMessage(line)) return undefined;
  try {
    return JSON.parse(line) as T;
  } catch {
    return undefined;
  }
}
