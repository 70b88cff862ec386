import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { runRecipe } from "./run-recipe.js";
import { storedFile } from "./stored-file.js";

/** Converts small-llama, in the folder `source`, with files in `home`; returns the path of the 16-bit GGUF. */
export async function convertedModel(home: string, source: string): Promise<string> {
  await writeFile(join(home, "pipeline.yaml"), stringify({ version: 1, stages: ["fetch", "convert"] }));
  const recipe = {
    version: 1,
    model: { source, name: "small-llama" },
    pipeline: "./pipeline.yaml",
    variants: ["Q8_0"],
  };
  await writeFile(join(home, "convert.yaml"), stringify(recipe));
  await runRecipe(join(home, "convert.yaml"), join(home, "out"));
  return storedFile(join(home, "out"), "convert", "model.gguf");
}
