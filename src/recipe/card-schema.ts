import * as z from "zod";
import { cardSections } from "../report/card-layout.js";
import { quote } from "../util/quote.js";
import { schemaIssue } from "../util/schema-issue.js";
import { isPlainPath } from "./corpus-schema.js";

const templateFile = z.string().superRefine((text, check) => {
  if (!isPlainPath(text))
    check.addIssue(schemaIssue(`${quote(text)} is not a file path`, "Write a path such as `./card.md`."));
});

/** The publisher's choices for the model card. */
export const card = z
  .strictObject({
    preface: z
      .string()
      .min(1)
      .max(100_000)
      .exactOptional()
      .describe(
        "Markdown of the publisher, inserted as it is below the title: a text, or a file ending in `.md` (relative to this file).",
      ),
    sections: z
      .array(z.enum(cardSections))
      .min(1)
      .superRefine((names, check) => {
        const index = names.findIndex((name, at) => names.indexOf(name) < at);
        if (index !== -1)
          check.addIssue(
            schemaIssue(`the section ${quote(names[index] ?? "")} is listed twice`, "Remove one.", [index]),
          );
      })
      .exactOptional()
      .describe("Sections of the card in order; title and warnings always come first (default: all)."),
    template: templateFile
      .exactOptional()
      .describe(
        "Markdown file of the whole card below the front matter (relative to this file), with placeholders: `{{title}}`, `{{summary}}`, `{{preface}}`, `{{warnings}}`, `{{sections}}` for all sections, or one by name: `{{files}}`.",
      ),
  })
  .describe("Text and order of the model card.");
