/** What llama.cpp reads from the path of a GGUF file. */
export interface GgufName {
  /** The path without `.gguf` and without the shard's numbers. */
  prefix: string;
  /** The last part after a dash or a dot, upper case; empty when there is none. */
  tag: string;
  /** Number of this shard and of all shards; 1 and 1 for a whole file. */
  index: number;
  count: number;
}

const splitName = /^(.+)-(\d{5})-of-(\d{5})$/i;
const lastPart = /[-.]([A-Z0-9_]+)$/i;

/** Takes the path of a GGUF file apart; undefined for any other. `.GGUF` is no GGUF file to llama.cpp. */
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

/** Parts of a file's name that tell llama.cpp it is no model by itself; letter case counts. */
const sidecarMarks = ["mmproj", "imatrix", "mtp-", "eagle3-", "dflash-", "dspark-"];

/** True for a GGUF file that llama.cpp takes for a model, by its name alone. */
export function isModelName(path: string): boolean {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return name.endsWith(".gguf") && !sidecarMarks.some((mark) => name.includes(mark));
}

/** The models among the files: whole files and first shards. */
export function modelFiles(files: readonly string[]): string[] {
  return files.filter((file) => isModelName(file) && parseGgufName(file)?.index === 1);
}

/** All shards of a file that are there, in their order; the file itself when it is whole. */
export function splitsOf(files: readonly string[], file: string): string[] {
  const own = parseGgufName(file);
  if (own === undefined || own.count <= 1) return [file];
  return files.filter((other) => {
    const name = parseGgufName(other);
    return name?.prefix === own.prefix && name.count === own.count;
  });
}

/** The order in which the Hub lists a repository: by the bytes of the paths. */
export function hubOrder(files: readonly string[]): string[] {
  return files.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}
