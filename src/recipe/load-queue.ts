import { dirname, join, resolve } from "node:path";
import { checkFile } from "./check-file.js";
import { queueSchema } from "./queue-schema.js";
import { parseYaml } from "./yaml/parse-yaml.js";
import { readTextFile } from "./yaml/read-text-file.js";

export interface LoadedQueue {
  /** Paths of the recipes in order of priority, relative to the working folder or absolute, as the file's own path. */
  recipes: string[];
  /** Limit on the store and the releases together. */
  maxDiskBytes?: number;
}

/** Reads a queue file. Throws `QS-QUEUE-MISSING`, or a RecipeError with `QS-QUEUE-INVALID` or `QS-RECIPE-YAML`. */
export async function loadQueue(path: string): Promise<LoadedQueue> {
  const text = await readTextFile(resolve(path), path, "QS-QUEUE-MISSING");
  const { recipes, maxDisk } = checkFile(parseYaml(text, path, "QS-QUEUE-INVALID"), queueSchema, "QS-QUEUE-INVALID");
  return {
    recipes: recipes.map((recipe) => (recipe.startsWith("/") ? recipe : join(dirname(path), recipe))),
    ...(maxDisk === undefined ? {} : { maxDiskBytes: maxDisk }),
  };
}
