/** The file of a release that lists the others, as `sha256sum` writes it. */
export const checksumsFile = "SHA256SUMS";

/** Reads `SHA256SUMS`: file to sha256, and the lines that are none of its kind. */
export function parseChecksums(text: string): { files: Map<string, string>; unreadable: string[] } {
  const files = new Map<string, string>();
  const unreadable: string[] = [];
  for (const line of text.split("\n").filter((part) => part !== "")) {
    const [, sha256, file] = /^([0-9a-f]{64}) [ *](.+)$/.exec(line) ?? [];
    if (sha256 === undefined || file === undefined || files.has(file)) unreadable.push(line);
    else files.set(file, sha256);
  }
  return { files, unreadable };
}
