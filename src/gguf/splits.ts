import { basename, dirname, join } from "node:path";
import type { HeaderPlan } from "./encode-header.js";
import type { Gguf } from "./gguf.js";

const splitName = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/;

/** The name that shards of one model share, without number and `.gguf`; undefined for a file that is no shard. */
export function splitStem(path: string): string | undefined {
  return splitName.exec(basename(path))?.[1];
}

/** True for a whole file, and for the first shard of several. */
export function isFirstSplit(path: string): boolean {
  const number = splitName.exec(basename(path))?.[2];
  return number === undefined || Number(number) === 1;
}

/** Paths of all shards of the model that `path` is one of, as `llama-gguf-split` names them; `[path]` for a whole file. */
export function splitPaths(path: string): string[] {
  const [, stem, , count] = splitName.exec(basename(path)) ?? [];
  if (stem === undefined || count === undefined) return [path];
  return Array.from({ length: Number(count) }, (_, index) =>
    join(dirname(path), `${stem}-${String(index + 1).padStart(5, "0")}-of-${count}.gguf`),
  );
}

/** The header of the one file that shards are the parts of: the first one's metadata, and everybody's tensors. */
export function joinSplits(splits: readonly Gguf[]): HeaderPlan {
  const metadata = new Map(splits[0]?.metadata);
  for (const key of ["split.no", "split.count", "split.tensors.count"]) metadata.delete(key);
  return { metadata, tensors: splits.flatMap(({ tensors }) => tensors) };
}
