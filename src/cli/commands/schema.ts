import { join } from "node:path";
import {
  catalogJsonSchema,
  hardwareCompatibilityJsonSchema,
  pipelineJsonSchema,
  queueJsonSchema,
  recipeJsonSchema,
} from "../../recipe/json-schema.js";
import { QuantsmithError } from "../../util/errors.js";
import { quote, quoteList } from "../../util/quote.js";
import { writeNewFile } from "../init/write-new-file.js";
import { print } from "../print.js";

const schemas: Readonly<Record<string, () => string>> = {
  recipe: recipeJsonSchema,
  pipeline: pipelineJsonSchema,
  queue: queueJsonSchema,
  devices: catalogJsonSchema,
  "hardware-compatibility": hardwareCompatibilityJsonSchema,
};

/** `quantsmith schema`: prints one JSON Schema, or writes all. Errors: QS-INIT-EXISTS for a file with other content. */
export async function schema(kind: string | undefined, options: { write?: string; force?: boolean }): Promise<void> {
  if (options.write !== undefined) {
    const rules = { force: options.force === true, mayReplace: () => false };
    for (const [name, render] of Object.entries(schemas)) {
      await writeNewFile(join(options.write, `${name}.schema.json`), render(), rules);
    }
    return;
  }
  const name = kind ?? "recipe";
  const render = Object.hasOwn(schemas, name) ? schemas[name] : undefined;
  if (render === undefined) {
    throw new QuantsmithError("QS-USAGE", `unknown schema ${quote(name)}`, {
      remedy: `Use ${quoteList(Object.keys(schemas), "or")}.`,
    });
  }
  print(render().trimEnd().split("\n"));
}
