import { readdir } from "node:fs/promises";
import { basename, dirname, join, parse, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { QuantsmithError, type SourceLocation } from "../util/errors.js";
import { packageRoot } from "../util/package-root.js";
import { quote, quoteList } from "../util/quote.js";
import { didYouMean, nearest } from "../util/suggest.js";
import { isSystemLeftover } from "../util/system-files.js";
import { checkFile } from "./check-file.js";
import type { LoadedRecipe } from "./load-recipe.js";
import { type Pipeline, pipelineSchema } from "./pipeline-schema.js";
import type { YamlPath } from "./yaml/diagnostics.js";
import { isForeign } from "./yaml/is-foreign.js";
import { parseYaml } from "./yaml/parse-yaml.js";
import { readTextFile } from "./yaml/read-text-file.js";
import { requireVisibleYaml } from "./yaml/require-visible-yaml.js";

export interface LoadedPipeline {
  /** Absolute path. */
  file: string;
  /** File name without extension. */
  name: string;
  pipeline: Pipeline;
  locate(path: YamlPath): SourceLocation;
}

const folder = fileURLToPath(new URL("pipelines", packageRoot));
const defaultPipeline = "release";

/**
 * Loads the pipeline that a recipe names, or `override` from the command line: a name from the package's pipelines/, or,
 * with a slash or the extension .yaml or .yml, a path relative to the recipe (of an override: to the working folder).
 * Throws `QS-PIPELINE-MISSING` at the recipe's line, or a RecipeError with `QS-PIPELINE-INVALID` or `QS-RECIPE-YAML`.
 */
export async function loadPipeline(loaded: LoadedRecipe, override?: string): Promise<LoadedPipeline> {
  const named = override ?? loaded.recipe.pipeline ?? defaultPipeline;
  const isPath = /\/|\.ya?ml$/i.test(named);
  const base = override === undefined ? dirname(loaded.file) : process.cwd();
  const file = isPath ? resolve(base, named) : join(folder, `${named}.yaml`);
  const shown = shownPath(file);
  if (isPath) await requireVisibleYaml(file, override === undefined ? base : file, shown);
  const text = await readTextFile(file, shown, "QS-PIPELINE-MISSING").catch(async (error: unknown) => {
    if (!(error instanceof QuantsmithError) || error.code !== "QS-PIPELINE-MISSING") throw error;
    throw new QuantsmithError("QS-PIPELINE-MISSING", missingMessage(named, isPath, error), {
      remedy: await missingRemedy(named),
      ...(override === undefined ? { at: loaded.locate(["pipeline"]) } : {}),
      cause: error,
    });
  });
  const namedIn = override === undefined ? base : dirname(file);
  const yaml = parseYaml(text, shown, "QS-PIPELINE-INVALID", isPath && (await isForeign(file, namedIn)));
  const pipeline = checkFile(yaml, pipelineSchema, "QS-PIPELINE-INVALID");
  return { file, name: parse(file).name, pipeline, locate: (at) => yaml.place(at, "value").at };
}

/** Returns a path relative to the working folder for files below it, else the absolute path. */
function shownPath(file: string): string {
  const near = relative(process.cwd(), file);
  return near.startsWith("..") ? file : near;
}

function missingMessage(named: string, isPath: boolean, error: QuantsmithError): string {
  return isPath ? error.message : `unknown pipeline ${quote(named)}`;
}

async function missingRemedy(named: string): Promise<string> {
  const files = await readdir(folder);
  const names = files
    .filter((file) => file.endsWith(".yaml") && !isSystemLeftover(file))
    .map((file) => basename(file, ".yaml"));
  const near = nearest(named, names);
  const guess = near === undefined ? "" : `${didYouMean(near)} `;
  return `${guess}Use ${quoteList(names.sort(), "or")}, or a path such as \`./my-pipeline.yaml\`.`;
}
