import { basename, dirname, join } from "node:path";
import { QuantsmithError } from "../util/errors.js";
import { quote } from "../util/quote.js";
import type { HeaderPlan } from "./encode-header.js";
import type { Gguf } from "./gguf.js";

/** A part of none is no split. */
const splitName = /^(.*)-(\d{5})-of-(?!00000)(\d{5})\.gguf$/;

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

/** Merges the headers of splits: the metadata of the first, the tensors of all. Throws QS-GGUF-INVALID for a tensor in two. */
export function joinSplits(splits: readonly Gguf[]): HeaderPlan {
  const placeOf = new Map<string, string>();
  for (const { path, tensors } of splits) {
    for (const { name } of tensors) {
      const other = placeOf.get(name);
      if (other !== undefined) throw inTwoSplits(name, path, other);
      placeOf.set(name, path);
    }
  }
  const metadata = new Map(splits[0]?.metadata);
  for (const key of ["split.no", "split.count", "split.tensors.count"]) metadata.delete(key);
  return { metadata, tensors: splits.flatMap(({ tensors }) => tensors) };
}

function inTwoSplits(tensor: string, path: string, other: string): QuantsmithError {
  const message = `${quote(basename(path))} contains the tensor ${quote(tensor)}, which is also in ${quote(basename(other))}`;
  return new QuantsmithError("QS-GGUF-INVALID", message, {
    remedy: "Create or download all parts again from one source.",
    at: { file: path },
  });
}
