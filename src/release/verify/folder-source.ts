import { stat } from "node:fs/promises";
import { join } from "node:path";
import { findProblems } from "../../gguf/find-problems.js";
import type { Gguf } from "../../gguf/gguf.js";
import { metadataString } from "../../gguf/metadata.js";
import { alignUp } from "../../gguf/place-tensors.js";
import { bitsPerWeight, parameterCount, typeCounts } from "../../gguf/summary.js";
import { tryReadGguf } from "../../gguf/try-read-gguf.js";
import { QuantsmithError } from "../../util/errors.js";
import { readRegular } from "../../util/regular-file.js";
import { sha256File } from "../../util/sha256.js";
import { listFolder } from "./list-folder.js";
import type { HeaderFacts, ReleaseSource } from "./release-source.js";

export const releaseRemedy =
  "Pass a release folder, such as `artifacts/releases/<recipe>`, or `hf:org/name` for a release on the Hub.";

/** A release in a local folder. Errors: QS-VERIFY-TARGET if the folder does not exist. */
export async function folderSource(folder: string, signal: AbortSignal): Promise<ReleaseSource> {
  const found = await stat(folder).catch(() => undefined);
  if (found?.isDirectory() !== true) {
    const what =
      found === undefined ? `the folder ${folder} does not exist` : `${folder} is a file, not a release folder`;
    throw new QuantsmithError("QS-VERIFY-TARGET", what, {
      remedy: releaseRemedy,
    });
  }
  return {
    name: folder,
    shared: false,
    files: () => listFolder(folder),
    sha256: (path) => sha256File(join(folder, path), signal),
    text: (path) => readRegular(join(folder, path)).then(String),
    async header(path) {
      const gguf = await tryReadGguf(join(folder, path));
      return typeof gguf === "string" ? gguf : headerFacts(gguf);
    },
  };
}

function headerFacts(gguf: Gguf): HeaderFacts {
  const ends = gguf.tensors.map(({ offset, bytes }) => alignUp(offset + bytes, gguf.alignment));
  return {
    architecture: metadataString(gguf, "general.architecture") ?? null,
    parameters: parameterCount(gguf),
    types: typeCounts(gguf),
    matrices: new Map(gguf.tensors.flatMap(({ name, shape, type }) => (shape.length > 1 ? [[name, type.name]] : []))),
    bitsPerWeight: bitsPerWeight(gguf),
    alignment: gguf.alignment,
    bytes: ends.reduce((last, end) => Math.max(last, end), gguf.dataOffset),
    findings: findProblems(gguf).flatMap(({ code, ...finding }) =>
      code === "QS-GGUF-NO-TENSORS" || code === "QS-GGUF-LAYOUT" || code === "QS-GGUF-TRAILING"
        ? [{ code, ...finding }]
        : [],
    ),
  };
}
