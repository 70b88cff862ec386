import { realpath, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Gguf, GgufTensor } from "../../gguf/gguf.js";
import { metadataString } from "../../gguf/metadata.js";
import { readGguf } from "../../gguf/read-header.js";
import { elementCount, parameterCount } from "../../gguf/summary.js";
import { QuantsmithError } from "../../util/errors.js";
import { checkFiles } from "../check-files.js";
import type { Snapshot } from "../check-snapshot.js";
import type { KeptWeights } from "../outline/checkpoint-outline.js";
import { requireSource } from "./require-source.js";
import { requireSplits } from "./require-splits.js";
import type { SourceHeader } from "./source-header.js";
import { findSplits } from "./split-names.js";

/** A GGUF source, with the properties that a checkpoint's snapshot has as well. */
export interface GgufSnapshot extends Omit<Snapshot, "config" | "dir" | "outline"> {
  /** The headers of all splits in order; one for a single file. */
  headers: readonly Gguf[];
  /** The weights in a quantized type; undefined without any. */
  kept: KeptWeights | undefined;
}

/**
 * Verifies a GGUF source before any tool opens it, from its headers only. `names` are the splits in order, relative to
 * `dir`. Throws QS-GGUF-*, QS-FETCH-LINK, QS-FETCH-SPLIT, QS-FETCH-NOT-MODEL, QS-FETCH-QUANTIZED, QS-FETCH-METADATA, QS-CONVERT-TOKENIZER
 * and QS-CONVERT-TOKEN.
 */
export async function checkGguf(dir: string, names: readonly string[]): Promise<GgufSnapshot> {
  const headers: Gguf[] = [];
  for (const name of names) headers.push(await readGguf(await existingFile(join(dir, name))));
  await checkOtherSplits(dir, names);
  const sources = headers.map((header, index) => sourceHeader(names[index] ?? "", header));
  requireSplits(sources);
  requireSource(sources);
  const [first] = headers;
  return {
    headers,
    files: headers.map(({ fileBytes }, index) => ({ path: names[index] ?? "", size: fileBytes })),
    architecture: (first && metadataString(first, "general.architecture")) ?? "",
    parameters: headers.reduce((sum, header) => sum + parameterCount(header), 0),
    tensorBytes: headers.flatMap(({ tensors }) => tensors).reduce((sum, { bytes }) => sum + bytes, 0),
    kept: keptWeights(headers.flatMap(({ tensors }) => tensors)),
    weights: [...names],
    unsafe: [],
  };
}

/** Returns the weights of experts in MXFP4, the only quantized type that a source may have; undefined without any. */
export function keptWeights(tensors: readonly Pick<GgufTensor, "shape" | "type">[]): KeptWeights | undefined {
  const quantized = tensors.filter(({ type }) => type.quantized);
  const parameters = quantized.reduce((sum, tensor) => sum + elementCount(tensor), 0);
  return parameters === 0 ? undefined : { type: "MXFP4", parameters };
}

/** Returns the paths of all splits of a local GGUF source. Throws QS-FETCH-SPLIT. */
export function localSplits(path: string): Promise<string[]> {
  const isFile = (split: string) =>
    stat(split).then(
      (found) => found.isFile(),
      () => false,
    );
  return findSplits(path, isFile);
}

/** The recipe names the first file, wherever it is. The others must be beside it, or beside the target of its link. */
async function checkOtherSplits(dir: string, [first = "", ...others]: readonly string[]): Promise<void> {
  if (others.length > 0) await checkFiles(dir, others, [dirname(await realpath(join(dir, first)))]);
}

/** The header of one file, under its own name instead of the name of a link's target. */
export function sourceHeader(path: string, { metadata, tensors }: Pick<SourceHeader, "metadata" | "tensors">) {
  return { name: basename(path), metadata, tensors };
}

/** Errors without a place, so that the plan can give the place in the recipe. */
async function existingFile(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile()) return path;
  const what = found === undefined ? "does not exist" : "is not a regular file";
  throw new QuantsmithError("QS-GGUF-MISSING", `the GGUF file ${path} ${what}`, {
    remedy: "Check the path: it is relative to the recipe.",
  });
}
