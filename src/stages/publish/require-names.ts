import { findResolutionProblems } from "../../release/resolve/find-problems.js";
import { findForeignLoads } from "../../release/resolve/foreign-loads.js";
import { hubOrder, isModelName } from "../../release/resolve/gguf-name.js";
import { resolveManifest } from "../../release/resolve/hub-manifest.js";
import { QuantsmithError } from "../../util/errors.js";
import type { Changes } from "./find-changes.js";
import type { CheckedRelease } from "./release-files.js";

/**
 * Requires that runtimes resolve names at a target, a repository or a folder, to files of the release, and load no others with
 * them, also beside the files that stay there. `present` are the paths before the publication. Errors: QS-PUBLISH-NAMES.
 */
export function requireNames(
  place: string,
  release: CheckedRelease,
  present: Iterable<string>,
  { remove, keep }: Pick<Changes, "remove" | "keep">,
): void {
  const ours = release.files.map(({ path }) => path);
  const foreign = [...present].filter((path) => ![...ours, ...remove, ...keep].includes(path));
  const variants = release.report.variants;
  const wrongName = (paths: string[]) =>
    [...findResolutionProblems(paths, variants), ...findForeignLoads(paths, new Set(ours))].find(
      ({ severity }) => severity === "error",
    );
  const problem = wrongName([...ours, ...foreign]);
  if (problem !== undefined) {
    throw new QuantsmithError("QS-PUBLISH-NAMES", `in ${place}, ${problem.message} (${problem.code})`, {
      remedy: `${problem.remedy} Delete foreign files in the repository if they are not needed.`,
    });
  }
  if (keep.length === 0) return;
  const beside = wrongName([...ours, ...foreign, ...keep]);
  const message = beside === undefined ? formerPick(ours, foreign, keep) : `${beside.message} (${beside.code})`;
  if (message === undefined) return;
  const which = `files of earlier releases would stay, and ${message}`;
  throw new QuantsmithError("QS-PUBLISH-NAMES", `in ${place}, ${which}`, {
    remedy:
      "Delete the files of earlier releases with `--remove-old`, or `publish: { removeOld: true }` in the recipe.",
  });
}

/** Describes a runtime that may take a model of an earlier release without its tag. */
function formerPick(ours: readonly string[], foreign: readonly string[], keep: readonly string[]): string | undefined {
  const models = keep.filter(isModelName);
  const { file } = resolveManifest(hubOrder([...ours, ...foreign, ...keep]));
  if (models.length === 0 || (file !== null && ours.includes(file))) return undefined;
  return `without a tag, Ollama may take ${models.join(", ")}, since the release has no Q4_K_M`;
}
