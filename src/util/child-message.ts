/** Returns whether a line of a child process is a JSON message; native code may print other lines among them. */
export function isChildMessage(line: string): boolean {
  return line.startsWith('{"kind":');
}

/** Parses one line of a child process; undefined for lines that are not messages. */
export function parseChildMessage<T extends { kind: string }>(line: string): T | undefined {
  if (!isChildMessage(line)) return undefined;
  try {
    return JSON.parse(line) as T;
  } catch {
    return undefined;
  }
}
