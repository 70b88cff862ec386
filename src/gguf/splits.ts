import { basename, dirname, join } from "node:path";
import type { HeaderPlan } from "./encode-header.js";
import type { Gguf } from "./gguf.js";

const splitName = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/;

/** Returns true for a single file and for the first of several splits. */
export function isFirstSplit(path: string): boolean {
  const number = splitName.exec(basename(path))?.[2];
  return number === undefined || Number(number) === 1;
}

/** Returns the paths of all splits of a model, given one of them (names of `llama-gguf-split`); `[path]` for a single file. */
export function splitPaths(path: string): string[] {
  const [, stem, , count] = splitName.exec(basename(path)) ?? [];
  if (stem === undefined || count === undefined) return [path];
  return Array.from({ length: Number(count) }, (_, index) =>
    join(dirname(path), `${stem}-${String(index + 1).padStart(5, "0")}-of-${count}.gguf`),
  );
}

/** Merges the headers of splits: the metadata of the first, the tensors of all. */
export function joinSplits(splits: readonly Gguf[]): HeaderPlan {
  const metadata = new Map(splits[0]?.metadata);
  for (const key of ["split.no", "split.count", "split.tensors.count"]) metadata.delete(key);
  return { metadata, tensors: splits.flatMap(({ tensors }) => tensors) };
}
