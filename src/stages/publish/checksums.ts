/** What a SHA256SUMS file lists, file to sha256; lines that list nothing are left out. */
export function parseChecksums(text: string): Map<string, string> {
  const lines = text.split("\n").flatMap((line) => {
    const [, sha256, file] = /^([0-9a-f]{64}) {2}(.+)$/.exec(line) ?? [];
    return sha256 === undefined || file === undefined ? [] : [[file, sha256] as const];
  });
  return new Map(lines);
}
