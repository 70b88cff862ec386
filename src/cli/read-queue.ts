import { dirname } from "node:path";
import { type LoadedQueue, loadQueue } from "../recipe/load-queue.js";
import type { Settings } from "../recipe/settings.js";
import { QuantsmithError } from "../util/errors.js";

/** Returns recipes and limit of a queue file, or the recipes of the command line. Errors: QS-USAGE, QS-QUEUE-*. */
export async function readQueue(
  command: "run" | "watch",
  recipes: readonly string[],
  file: string | undefined,
): Promise<LoadedQueue> {
  requireEither(command, recipes, file);
  return file === undefined ? { recipes: recipes.map((path) => ({ path })) } : loadQueue(file);
}

/**
 * Loads the models of all recipes with `load`, given the folder of the queue file; the error for a missing recipe names its
 * place in the queue file.
 */
export async function loadQueued(
  { recipes }: LoadedQueue,
  load: (path: string, namedIn: string | undefined) => Promise<Settings[]>,
): Promise<Settings[]> {
  const all: Settings[] = [];
  for (const { path, at } of recipes) {
    try {
      all.push(...(await load(path, at && dirname(at.file))));
    } catch (error) {
      if (at === undefined || !(error instanceof QuantsmithError) || error.code !== "QS-RECIPE-MISSING") throw error;
      const remedy = "Correct the path in the queue file, or remove the line.";
      throw new QuantsmithError(error.code, error.message, { remedy, at, cause: error });
    }
  }
  return all;
}

/** Errors: QS-USAGE for both recipes and a queue file, or none of them. */
export function requireEither(command: string, recipes: readonly string[], file: string | undefined): void {
  if ((file === undefined) !== (recipes.length === 0)) return;
  throw new QuantsmithError("QS-USAGE", `${command} needs either recipes or --queue`, {
    remedy: `Run \`quantsmith ${command} <recipe...>\`, or \`quantsmith ${command} --queue <file>\` with a file that lists them.`,
  });
}
