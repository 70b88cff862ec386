import * as z from "zod";
import { patternString } from "../util/schema-issue.js";

/** One line that can stand in a card's front matter and in a GGUF header. */
const line = (what: string) =>
  patternString(/^[^\s\p{Cc}](?:[^\p{Cc}]{0,198}[^\s\p{Cc}])?$/u, what, "Write one short line.");

const url = patternString(/^https?:\/\/[^\s\p{Cc}]{1,400}$/u, "an address", "Write it whole: `https://…`.");

/** What the checkpoint's own card does not say, or says otherwise. Every variant inherits it. */
export const metadata = z
  .strictObject({
    quantizedBy: line("a name").exactOptional().describe("Who makes the release: your name on the Hub."),
    repoUrl: url.exactOptional().describe("Where the release can be found; stands in every GGUF file."),
    license: patternString(
      /^[a-z0-9][a-z0-9.-]{0,63}$/,
      "a licence as the Hub names it",
      "Write its identifier in small letters, such as `apache-2.0`, or `other` with `licenseName` and `licenseLink`.",
    )
      .exactOptional()
      .describe("Licence, as the Hub names it (default: the base model's)."),
    licenseName: line("the name of a licence").exactOptional().describe("Name of a licence that is `other`."),
    licenseLink: url.exactOptional().describe("Where the licence can be read."),
    languages: z
      .array(
        patternString(
          /^([a-z]{2,3}(-[A-Za-z0-9]{2,8})*|code|multilingual)$/,
          "a language",
          "Write ISO 639 codes such as `en`.",
        ),
      )
      .max(1000)
      .exactOptional()
      .describe("Languages of the model (default: the base model's)."),
    tags: z.array(line("a tag")).max(100).exactOptional().describe("More tags for the card."),
    system: z
      .string()
      .min(1)
      .max(32_000)
      .exactOptional()
      .describe("System prompt that Ollama gives the model when a user gives none (default: none)."),
  })
  .describe("What is written about the model into the GGUF files and onto the card.");
