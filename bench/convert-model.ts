import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { runRecipe } from "./run-recipe.js";
import { storedFile } from "./stored-file.js";

/** Converts a checkpoint to a 16-bit GGUF below `home` and returns its path. */
export async function convertModel(home: string, source: string): Promise<string> {
  await writeFile(join(home, "pipeline.yaml"), stringify({ version: 1, stages: ["fetch", "convert"] }));
  const recipe = { version: 1, model: { source, name: "model" }, pipeline: "./pipeline.yaml", variants: ["Q8_0"] };
  await writeFile(join(home, "convert.yaml"), stringify(recipe));
  await runRecipe(join(home, "convert.yaml"), join(home, "out"));
  return storedFile(join(home, "out"), "convert", "model.gguf");
}
