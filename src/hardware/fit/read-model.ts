import { stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { encodeHeader } from "../../gguf/encode-header.js";
import type { Gguf } from "../../gguf/gguf.js";
import { metadataString } from "../../gguf/metadata.js";
import { readGguf } from "../../gguf/read-header.js";
import { joinSplits, splitPaths } from "../../gguf/splits.js";
import { bitsPerWeight, parameterCount, typeCounts } from "../../gguf/summary.js";
import { writeSparseGguf } from "../../gguf/write-sparse-gguf.js";
import { hubLabel } from "../../quant/names.js";
import { QuantsmithError } from "../../util/errors.js";
import { isPresent } from "../../util/files.js";
import { sha256 } from "../../util/sha256.js";
import { findProjector } from "./find-projector.js";
import type { ModelFile } from "./model-file.js";

/**
 * Describes one model by its header. Truncated downloads that contain the header, and splits, are measured through a
 * sparse file in `scratch`. Throws QS-FIT-NOTHING for an imatrix, QS-GGUF-MISSING for a missing split, and the errors of
 * `readGguf`.
 */
export async function readModel(path: string, scratch: string): Promise<ModelFile> {
  const paths = splitPaths(path);
  await requireAll(paths);
  const splits = await Promise.all(paths.map((split) => readGguf(split, { headerOnly: true })));
  const plan = joinSplits(splits);
  const [first] = splits;
  if (first === undefined) throw new Error(`${path} has no splits`);
  if (metadataString(first, "general.type") === "imatrix") {
    throw new QuantsmithError("QS-FIT-NOTHING", `${path} is an imatrix, not a model`, {
      remedy: "Pass the GGUF file of a model, or a folder of them.",
      at: { file: path },
    });
  }
  const sizes = await Promise.all(splits.map(async (split) => (await stat(split.path)).size));
  const missingBytes = splits.reduce((sum, { fileBytes }, i) => sum + Math.max(0, fileBytes - (sizes[i] ?? 0)), 0);
  const isWholeFile = splits.length === 1 && missingBytes === 0;
  const sparseFile = join(scratch, `${sha256(path).slice(0, 32)}.gguf`);
  if (!isWholeFile) await writeSparseGguf(sparseFile, encodeHeader(plan));
  const measured: Gguf = isWholeFile ? first : await readGguf(sparseFile);
  const { model, variant } = namesOf(path);
  return {
    model,
    variant,
    file: basename(path),
    path: isWholeFile ? path : sparseFile,
    projector: await findProjector(path, model),
    bytes: splits.reduce((sum, { fileBytes }) => sum + fileBytes, 0),
    missingBytes,
    bitsPerWeight: bitsPerWeight(measured),
    parameters: parameterCount(measured),
    types: typeCounts(measured),
    kldMean: null,
  };
}

/** Throws QS-GGUF-MISSING if one of several splits is missing. */
async function requireAll(splits: readonly string[]): Promise<void> {
  const isThere = await Promise.all(splits.map(isPresent));
  const missing = isThere.indexOf(false);
  if (missing === -1 || splits.length === 1) return;
  const file = splits[missing] ?? "";
  throw new QuantsmithError(
    "QS-GGUF-MISSING",
    `part ${missing + 1} of ${splits.length} of the model is missing: ${basename(file)}`,
    { remedy: `Download all ${splits.length} parts into one folder.`, at: { file } },
  );
}

/** `Model-Q4_K_M-00001-of-00002.gguf` is the variant `Q4_K_M` of `Model`; without a label, the whole name is used for both. */
function namesOf(path: string): { model: string; variant: string } {
  const name = basename(path).replace(/(-\d{5}-of-\d{5})?\.gguf$/i, "");
  const label = hubLabel(basename(path));
  const at = label === undefined ? -1 : name.toUpperCase().lastIndexOf(label);
  if (label === undefined || at <= 0) return { model: name, variant: label ?? name };
  return { model: name.slice(0, at).replace(/[-_.]+$/, ""), variant: label };
}
