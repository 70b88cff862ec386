import * as z from "zod";
import { catalogFile } from "../hardware/catalog/catalog-file.js";
import { hardwareCompatibility } from "../hardware/compatibility.js";
import { pipelineSchema } from "./pipeline-schema.js";
import { queueSchema } from "./queue-schema.js";
import { recipeFileSchema } from "./schema.js";

/** JSON Schema (draft 7, the version that YAML editors support) of recipe files: the text of `schema/recipe.schema.json`. */
export function recipeJsonSchema(): string {
  return toText("quantsmith recipe", recipeFileSchema);
}

/** JSON Schema (draft 7) of pipeline files: the text of `schema/pipeline.schema.json`. */
export function pipelineJsonSchema(): string {
  return toText("quantsmith pipeline", pipelineSchema);
}

/** JSON Schema (draft 7) of queue files: the text of `schema/queue.schema.json`. */
export function queueJsonSchema(): string {
  return toText("quantsmith queue", queueSchema);
}

/** JSON Schema (draft 7) of device catalogs: the text of `schema/devices.schema.json`. */
export function catalogJsonSchema(): string {
  return toText("quantsmith device catalog", catalogFile);
}

/** JSON Schema (draft 7) of a release's `hardware-compatibility.json`. */
export function hardwareCompatibilityJsonSchema(): string {
  return toText("quantsmith hardware compatibility", hardwareCompatibility);
}

function toText(title: string, schema: z.ZodType): string {
  return `${JSON.stringify({ title, ...z.toJSONSchema(schema, { target: "draft-7", io: "input" }) }, null, 2)}\n`;
}
