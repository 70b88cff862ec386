import * as z from "zod";
import { size } from "../util/quantity-schema.js";
import { quote } from "../util/quote.js";
import { schemaIssue } from "../util/schema-issue.js";
import { isYamlPath } from "./corpus-schema.js";

const recipePath = z.string().superRefine((text, check) => {
  if (isYamlPath(text)) return;
  check.addIssue(
    schemaIssue(`${quote(text)} is not the path of a YAML file`, "Write a path such as `./my-model.yaml`."),
  );
});

/** A queue file: recipes for one `quantsmith run`. */
export const queueSchema = z
  .strictObject({
    version: z.literal(1).describe("Version of the queue format."),
    maxDisk: size
      .exactOptional()
      .describe(
        "Disk space for the output folder, downloaded models included, such as `300 GB`. When the next model does not fit, releases that are published and verified are removed there with their steps (default: no limit).",
      ),
    recipes: z.array(recipePath).min(1).max(1000).describe("Recipes in order of priority (relative to this file)."),
  })
  .describe("A quantsmith queue: recipes to run one after the other.");
