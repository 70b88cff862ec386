import { basename } from "node:path";
import type { Gguf } from "./gguf.js";
import { metadataNumber } from "./metadata.js";
import { splitPaths } from "./splits.js";

/** Returns which of several splits a file is, `number` counting from 1; undefined for a single file. */
export function splitPart({ metadata }: Pick<Gguf, "metadata">): { number: number; count: number } | undefined {
  const index = metadataNumber({ metadata }, "split.no");
  const count = metadataNumber({ metadata }, "split.count");
  return index === undefined || count === undefined || count < 2 ? undefined : { number: index + 1, count };
}

/** Describes a split other than the first, which has no metadata of the model; undefined for other files. */
export function describeLaterPart(
  gguf: Pick<Gguf, "metadata" | "path">,
): { message: string; first: string } | undefined {
  const part = splitPart(gguf);
  if (part === undefined || part.number === 1) return undefined;
  const [first = ""] = splitPaths(gguf.path);
  return {
    message: `the file is part ${part.number} of ${part.count}; the metadata is in part 1`,
    first: first === gguf.path ? "the first part" : basename(first),
  };
}
