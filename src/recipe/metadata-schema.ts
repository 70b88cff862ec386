import * as z from "zod";
import { hasSecret } from "../util/redact.js";
import { patternString, schemaIssue } from "../util/schema-issue.js";

const secretMessage = "the text contains a password or a token, which the release would publish";

/** Text that matches a pattern and has no password or token, since every file of the release contains it. */
const publicText = (pattern: RegExp, what: string, remedy: string) =>
  patternString(pattern, what, remedy).superRefine((text, context) => {
    if (hasSecret(text)) context.addIssue(schemaIssue(secretMessage, "Remove it, and revoke it if it was published."));
  });

/** One line, valid in the front matter of a card and in a GGUF header. */
const line = (what: string) =>
  publicText(/^[^\s\p{Cc}](?:[^\p{Cc}]{0,198}[^\s\p{Cc}])?$/u, what, "Write one short line.");

const url = publicText(/^https?:\/\/[^\s\p{Cc}]{1,400}$/u, "an address", "Write the full address: `https://…`.");

/** Additions to and replacements of the checkpoint's metadata, for all variants. */
export const metadata = z
  .strictObject({
    quantizedBy: line("a name").exactOptional().describe("Publisher of the release: your name on the Hub."),
    repoUrl: url.exactOptional().describe("Address of the release, written into every GGUF file."),
    baseModel: patternString(/^[\w.-]{1,96}\/[\w.-]{1,96}$/, "a repository on the Hub", "Write `organization/name`.")
      .exactOptional()
      .describe("Repository of the base model on the Hub, for a local source (default: the source's repository)."),
    license: patternString(
      /^[a-z0-9][a-z0-9.-]{0,63}$/,
      "a licence identifier of the Hub",
      "Write its identifier in lower case, such as `apache-2.0`, or `other` with `licenseName` and `licenseLink`.",
    )
      .exactOptional()
      .describe("Licence identifier of the Hub (default: the base model's)."),
    licenseName: line("the name of a licence").exactOptional().describe("Name of the licence if `license` is `other`."),
    licenseLink: url.exactOptional().describe("Address of the licence text."),
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
    tags: z.array(line("a tag")).max(100).exactOptional().describe("Additional tags for the card."),
    system: z.string().min(1).max(32_000).exactOptional().describe("Default system prompt for Ollama (default: none)."),
  })
  .describe("Metadata of the model for the GGUF files and the card.");
