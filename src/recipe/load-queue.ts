import { dirname, join, resolve } from "node:path";
import type { SourceLocation } from "../util/errors.js";
import { checkFile } from "./check-file.js";
import { queueSchema } from "./queue-schema.js";
import { parseYaml } from "./yaml/parse-yaml.js";
import { readTextFile } from "./yaml/read-text-file.js";

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
  const text = await readTextFile(resolve(path), path, "QS-QUEUE-MISSING");
  const yaml = parseYaml(text, path, "QS-QUEUE-INVALID");
  const { recipes, maxDisk } = checkFile(yaml, queueSchema, "QS-QUEUE-INVALID");
  return {
    recipes: recipes.map((recipe, index) => ({
      path: recipe.startsWith("/") ? recipe : join(dirname(path), recipe),
      at: yaml.place(["recipes", index], "value").at,
    })),
    ...(maxDisk === undefined ? {} : { maxDiskBytes: maxDisk }),
  };
}
