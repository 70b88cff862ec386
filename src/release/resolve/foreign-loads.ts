import type { ResolutionProblem } from "./find-problems.js";
import { hubOrder } from "./gguf-name.js";
import { resolveAll } from "./resolve-all.js";

/** Files at the top of a repository that Ollama loads with every model. */
const ollamaFiles = ["template", "params", "system"];

/**
 * Returns the files outside a release that a runtime loads together with one of its models, such as another's projector.
 * `paths` are all files of the repository, `own` those of the release. Pure: only file names are used.
 */
export function findForeignLoads(paths: readonly string[], own: ReadonlySet<string>): ResolutionProblem[] {
  const loads = new Map<string, string>();
  for (const { runtime, file, downloads } of resolveAll(hubOrder(paths))) {
    if (file === null || !own.has(file)) continue;
    for (const path of downloads) loads.set(path, loads.get(path) ?? `${runtime} loads ${path} with ${file}`);
  }
  for (const path of ollamaFiles) if (paths.includes(path)) loads.set(path, `Ollama loads ${path} with every model`);
  return [...loads].flatMap(([file, message]) => (own.has(file) ? [] : [foreign(file, message)]));
}

function foreign(file: string, message: string): ResolutionProblem {
  return {
    ...{ code: "QS-RESOLVE-FOREIGN", severity: "error", file },
    message: `${message}, but it is not part of the release`,
    remedy: `Delete ${file} if it is not needed, or publish to another repository.`,
  };
}
