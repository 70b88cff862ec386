import { dirname, join, resolve } from "node:path";
import type { SourceLocation } from "../util/errors.js";
import { checkFile } from "./check-file.js";
import { queueSchema } from "./queue-schema.js";
import { isForeign } from "./yaml/is-foreign.js";
import { parseYaml } from "./yaml/parse-yaml.js";
import { readTextFile } from "./yaml/read-text-file.js";
import { requireVisibleYaml } from "./yaml/require-visible-yaml.js";

export interface QueuedRecipe {
  /** Relative to the working folder or absolute, as the queue file's own path. */
  path: string;
  /** The recipe's place in the queue file; absent for one of the command line. */
  at?: SourceLocation;
}

export interface LoadedQueue {
  /** In order of priority. */
  recipes: QueuedRecipe[];
  /** Limit on the output folder. */
  maxDiskBytes?: number;
}

/** Reads a queue file. Throws `QS-QUEUE-MISSING`, or a RecipeError with `QS-QUEUE-INVALID` or `QS-RECIPE-YAML`. */
export async function loadQueue(path: string): Promise<LoadedQueue> {
  await requireVisibleYaml(path, path, path);
  const text = await readTextFile(resolve(path), path, "QS-QUEUE-MISSING");
  const yaml = parseYaml(text, path, "QS-QUEUE-INVALID", await isForeign(path, dirname(path)));
  const { recipes, maxDisk } = checkFile(yaml, queueSchema, "QS-QUEUE-INVALID");
  const paths = recipes.map((recipe) => (recipe.startsWith("/") ? recipe : join(dirname(path), recipe)));
  for (const recipe of paths) await requireVisibleYaml(recipe, dirname(path), recipe);
  return {
    recipes: paths.map((recipe, index) => ({ path: recipe, at: yaml.place(["recipes", index], "value").at })),
    ...(maxDisk === undefined ? {} : { maxDiskBytes: maxDisk }),
  };
}
