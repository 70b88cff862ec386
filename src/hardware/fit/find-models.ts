import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { splitPaths } from "../../gguf/splits.js";
import { QuantsmithError } from "../../util/errors.js";
import { isSystemLeftover } from "../../util/system-files.js";
import { isSidecarFile } from "./find-projector.js";
import type { ModelFile } from "./model-file.js";
import { readModel } from "./read-model.js";

/** The part of `release.json` used here; `release/release-report.ts` has the complete type. */
export interface ReleaseNames {
  model: { name: string };
  variants: { name: string; file: string; quality: { kldMean: number } | null }[];
}

/** Reads the release.json of a folder; null without one. */
type ReadRelease = (folder: string) => Promise<ReleaseNames | null>;

/**
 * Finds the models at paths to GGUF files or folders. In a release folder, release.json provides names and quality. Sparse
 * files are written to `scratch`. Throws QS-FIT-NOTHING for a folder without models, and the errors of `readRelease` and
 * `readGguf`.
 */
export async function findModels(
  paths: readonly string[],
  scratch: string,
  readRelease: ReadRelease = async () => null,
): Promise<ModelFile[]> {
  const found = await Promise.all(paths.map((path) => modelsAt(path, scratch, readRelease)));
  return sharedNames(found.flat());
}

/** Uses the first spelling for names that differ only in case and separators, such as `Llama3` and `llama3`. */
function sharedNames(models: readonly ModelFile[]): ModelFile[] {
  const spellings = new Map<string, string>();
  return models.map((file) => {
    const key = file.model.toLowerCase().replace(/[-_. ]+/g, "-");
    const model = spellings.get(key) ?? file.model;
    spellings.set(key, model);
    return { ...file, model };
  });
}

async function modelsAt(path: string, scratch: string, readRelease: ReadRelease): Promise<ModelFile[]> {
  const folder = await stat(path).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
  if (!folder) return [await readModel(path, scratch)];
  const files = (await readdir(path)).filter(
    (name) => /\.gguf$/i.test(name) && !isSystemLeftover(name) && !isSidecarFile(name),
  );
  // A model whose first split is missing is one, too.
  const names = [...new Set(files.map((name) => splitPaths(name)[0] ?? name))];
  if (names.length === 0) {
    throw new QuantsmithError("QS-FIT-NOTHING", `${path} contains no GGUF model`, {
      remedy: "Pass a GGUF file, or a release folder of `quantsmith run`.",
      at: { file: path },
    });
  }
  const models = await Promise.all(names.sort().map((name) => readModel(join(path, name), scratch)));
  const report = await readRelease(path);
  return report === null ? models : withReport(models, report);
}

/** In the order of the release; unlisted files come last, unchanged. */
function withReport(models: readonly ModelFile[], report: ReleaseNames): ModelFile[] {
  const listed = report.variants.flatMap((variant) => {
    const model = models.find(({ file }) => file === variant.file);
    if (model === undefined) return [];
    return { ...model, model: report.model.name, variant: variant.name, kldMean: variant.quality?.kldMean ?? null };
  });
  return [...listed, ...models.filter(({ file }) => !listed.some((other) => other.file === file))];
}
