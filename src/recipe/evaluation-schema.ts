import * as z from "zod";
import { patternString, schemaIssue } from "../util/schema-issue.js";
import { corpus } from "./corpus-schema.js";
import { chunks, context } from "./schema-parts.js";

/** Ids of other steps that are parts of `validate:base` or `validate:<variant>`, and keys of gates. */
const reserved = ["noise", "distance", "16bit", "structure", "texts", "min", "max"];

const categoryName = patternString(
  /^[a-z][a-z0-9-]{0,31}$/,
  "the name of a category",
  "Use at most 32 lower-case letters, digits and `-`, starting with a letter.",
).superRefine((name, check) => {
  if (reserved.includes(name)) check.addIssue(schemaIssue(`${name} is reserved`, "Choose another name."));
});

const category = z
  .strictObject({
    name: categoryName.describe("Name in gates, on the model card and in reports, such as `prose` or `code`."),
    corpus: corpus.describe(
      "Its text or texts, used only for gates and the model card; conversations are rendered with the chat template.",
    ),
    chunks: chunks.exactOptional().describe("Number of chunks (default: an equal share of the pipeline's)."),
    context: context
      .exactOptional()
      .describe(
        "Tokens per chunk, at most the model's context; more than the pipeline's adds the KLD by tokens of context (default: the pipeline's).",
      ),
  })
  .describe("A text with metrics of its own.");

const categories = z
  .array(category)
  .min(1)
  .superRefine((all, check) => {
    for (const [index, { name }] of all.entries()) {
      if (all.findIndex((other) => other.name === name) === index) continue;
      const remedy = "Give one of them another name, or list both texts in one `corpus`.";
      check.addIssue(schemaIssue(`two categories have the name ${name}`, remedy, [index, "name"]));
    }
  });

/** A pipeline's part of the evaluation. */
export const evaluationEffort = {
  chunks: chunks.exactOptional().describe("Number of chunks of the text, or of all categories (default 80)."),
  context: context.exactOptional().describe("Tokens per chunk (default 512)."),
};

const text = z.strictObject({
  corpus: corpus
    .exactOptional()
    .describe("Evaluation text, used only for gates and the model card (default `default`)."),
  ...evaluationEffort,
});

/** A recipe's evaluation. */
export const evaluation = z
  .union([text, categories])
  .describe("How variants are measured: on one text, or on a list of named texts.");
