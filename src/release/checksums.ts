/** Checksums of a release's files, in the format of `sha256sum`. */
export const checksumsFile = "SHA256SUMS";

/**
 * Parses `SHA256SUMS`: path to sha256, and the malformed or duplicate lines. Accepts the line ends of Windows, to which git
 * may convert the file, and a byte order mark.
 */
export function parseChecksums(text: string): { files: Map<string, string>; unreadable: string[] } {
  const files = new Map<string, string>();
  const unreadable: string[] = [];
  for (const line of text
    .replace(/^\ufeff/, "")
    .split(/\r?\n/)
    .filter((part) => part !== "")) {
    const [, sha256, file] = /^([0-9a-f]{64}) [ *](.+)$/.exec(line) ?? [];
    if (sha256 === undefined || file === undefined || files.has(file)) unreadable.push(line);
    else files.set(file, sha256);
  }
  return { files, unreadable };
}
