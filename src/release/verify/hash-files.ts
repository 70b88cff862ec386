import { formatBytes } from "../../util/bytes.js";
import type { RunReport } from "../release-report.js";
import { weightFiles } from "../variant-files.js";
import type { ModelFacts } from "./check-variants.js";
import { maxTextBytes, type ReleaseFiles, type ReleaseSource } from "./release-source.js";
import { errorProblem, restoreRemedy, type VerifyProblem } from "./verify-report.js";

export interface HashedFiles {
  /** Path to sha256. */
  digests: Map<string, string>;
  /** Facts of the GGUF files. */
  models: Map<string, ModelFacts>;
  /** Files that are too large for their content; they are not hashed. */
  problems: VerifyProblem[];
}

/**
 * Hashes the files of a release and reads the headers of its GGUF files. A file above 64 MB must not exceed the size in
 * `release.json` or in its own header: a sparse file of terabytes uses no disk space, but its digest takes hours.
 */
export async function hashFiles(
  source: ReleaseSource,
  files: ReleaseFiles["files"],
  report: RunReport | undefined,
  onFile: (path: string, bytes: number) => void,
): Promise<HashedFiles> {
  const sizes = new Map(report === undefined ? [] : weightFiles(report).map(({ file, bytes }) => [file, bytes]));
  const hashed: HashedFiles = { digests: new Map(), models: new Map(), problems: [] };
  for (const { path, bytes } of files) {
    const header = path.endsWith(".gguf") ? await source.header(path) : undefined;
    const required = typeof header === "object" ? header.bytes : 0;
    const limit = Math.max(sizes.get(path) ?? required, maxTextBytes);
    if (bytes > limit) {
      const message = `${path} has ${formatBytes(bytes)} instead of at most ${formatBytes(limit)} and was not hashed`;
      hashed.problems.push(errorProblem("QS-VERIFY-FILE", path, message, restoreRemedy));
      continue;
    }
    onFile(path, bytes);
    const sha256 = await source.sha256(path);
    hashed.digests.set(path, sha256);
    if (header !== undefined) hashed.models.set(path, { bytes, sha256, header });
  }
  return hashed;
}
