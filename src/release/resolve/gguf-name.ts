/** Components of a GGUF file path, as llama.cpp parses them. */
export interface GgufName {
  /** The path without `.gguf` and without the split suffix. */
  prefix: string;
  /** The part after the last dash or dot, in upper case; empty without one. */
  tag: string;
  /** Number of this split, counted from 1, and of all splits; 1 and 1 for a single file. */
  index: number;
  count: number;
}

const splitName = /^(.+)-(\d{5})-of-(\d{5})$/i;
const lastPart = /[-.]([A-Z0-9_]+)$/i;

/** Parses the path of a GGUF file; undefined for other files. llama.cpp ignores `.GGUF`. */
export function parseGgufName(path: string): GgufName | undefined {
  if (!path.endsWith(".gguf")) return undefined;
  const stem = path.slice(0, -".gguf".length);
  const [, whole, index, count] = splitName.exec(stem) ?? [];
  const prefix = whole ?? stem;
  return {
    prefix,
    tag: (lastPart.exec(prefix)?.[1] ?? "").toUpperCase(),
    index: index === undefined ? 1 : Number(index),
    count: count === undefined ? 1 : Number(count),
  };
}

/** Markers in a file name for files that llama.cpp does not load as a model; case-sensitive. */
const sidecarMarks = ["mmproj", "imatrix", "mtp-", "eagle3-", "dflash-", "dspark-"];

/** True if the name is that of a GGUF model to llama.cpp. */
export function isModelName(path: string): boolean {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return name.endsWith(".gguf") && !sidecarMarks.some((mark) => name.includes(mark));
}

/** Returns the models among the files: single files and first splits. */
export function modelFiles(files: readonly string[]): string[] {
  return files.filter((file) => isModelName(file) && parseGgufName(file)?.index === 1);
}

/** Returns the splits of a file in the order of `files`, or the file itself if it is not split. */
export function splitsOf(files: readonly string[], file: string): string[] {
  const own = parseGgufName(file);
  if (own === undefined || own.count <= 1) return [file];
  return files.filter((other) => {
    const name = parseGgufName(other);
    return name?.prefix === own.prefix && name.count === own.count;
  });
}

/** Sorts paths as the Hub lists a repository: by bytes. */
export function hubOrder(files: readonly string[]): string[] {
  return files.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}
