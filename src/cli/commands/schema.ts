import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { pipelineJsonSchema, recipeJsonSchema } from "../../recipe/json-schema.js";
import { QuantsmithError } from "../../util/errors.js";
import { writeFileAtomic } from "../../util/files.js";

const schemas: Readonly<Record<string, () => string>> = { recipe: recipeJsonSchema, pipeline: pipelineJsonSchema };

/** `quantsmith schema`: prints one JSON Schema, or writes both. */
export async function schema(kind: string | undefined, options: { write?: string }): Promise<void> {
  if (options.write !== undefined) {
    await mkdir(options.write, { recursive: true });
    for (const [name, render] of Object.entries(schemas)) {
      await writeFileAtomic(join(options.write, `${name}.schema.json`), render());
    }
    return;
  }
  const render = schemas[kind ?? "recipe"];
  if (render === undefined) {
    throw new QuantsmithError("QS-USAGE", `there is no schema "${kind}"`, {
      remedy: "Ask for `recipe` or `pipeline`.",
    });
  }
  process.stdout.write(render());
}
