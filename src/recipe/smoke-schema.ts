import * as z from "zod";
import { quote } from "../util/quote.js";
import { missingKeys, patternString, schemaIssue } from "../util/schema-issue.js";
import { didYouMean, nearest } from "../util/suggest.js";
import { isPlainPath } from "./corpus-schema.js";
import { regexError } from "./schema-parts.js";
import { findGrammarIssue } from "./yaml/find-grammar-issue.js";

const regex = z
  .string()
  .min(1)
  .max(1000)
  .superRefine((pattern, check) => {
    const fault = regexError(pattern);
    if (fault !== undefined)
      check.addIssue(
        schemaIssue(
          `${quote(pattern)} is not a regular expression: ${fault}`,
          "Correct it, or use `contains` for plain text.",
        ),
      );
  });

const maxTokens = z.int().min(1).max(8192);

/** A JSON Schema, or any other JSON object. */
const jsonObject = z.record(z.string(), z.json());

const jsonSchema = jsonObject.superRefine((schema, check) => {
  const fault = findGrammarIssue(schema);
  if (fault !== undefined) check.addIssue(schemaIssue(fault.message, fault.remedy, fault.path));
});

const toolName = z.string().min(1);

/** A name alone becomes a mapping. */
const toolCall = z.union([
  toolName.transform((name) => ({ name })),
  z.strictObject({
    name: toolName.describe("Name of the function."),
    arguments: jsonObject.exactOptional().describe("Arguments that the call must have, with these values."),
  }),
]);

const expect = z
  .strictObject({
    matches: regex.exactOptional().describe("Regular expression that must match in the answer."),
    contains: z.string().min(1).exactOptional().describe("Text that the answer must contain."),
    equals: z.string().exactOptional().describe("The exact answer, ignoring surrounding whitespace."),
    json: z.literal(true).exactOptional().describe("The answer must be valid JSON."),
    jsonSchema: jsonSchema
      .exactOptional()
      .describe("JSON Schema; the answer is generated under its grammar and must be complete."),
    endsItself: maxTokens.exactOptional().describe("The model must end its turn within this number of tokens."),
    notRepeating: z.boolean().exactOptional().describe("The answer must not repeat itself (default true)."),
    validUtf8: z.boolean().exactOptional().describe("The answer must be valid UTF-8 (default true)."),
    sameAsBase: z
      .literal(true)
      .exactOptional()
      .describe("The answer must equal that of the 16-bit base; keep such answers short."),
    toolCall: toolCall
      .exactOptional()
      .describe(
        "The answer must call this tool of the prompt's `tools`, in the chat template's format, with all required arguments: its name, or name and arguments.",
      ),
    cosineToBase: z
      .number()
      .min(-1)
      .max(1)
      .exactOptional()
      .describe("Embedding models: minimum cosine similarity to the base's vector (default 0.9)."),
    rankToBase: z
      .number()
      .min(-1)
      .max(1)
      .exactOptional()
      .describe(
        "Embedding models: minimum rank correlation between the similarities of 20 sentence pairs and the base's (default 0.9).",
      ),
  })
  .superRefine((value, check) => {
    if (Object.keys(value).length > 0) return;
    check.addIssue(
      missingKeys(
        ["matches", "contains", "equals", "json", "jsonSchema", "endsItself", "sameAsBase", "toolCall"],
        "`expect` is empty",
        "Add `matches`, `contains`, `equals`, `json: true` or another expectation, or remove `expect`.",
      ),
    );
  });

const tool = z.strictObject({
  name: patternString(
    /^[A-Za-z_][\w.-]{0,63}$/,
    "a function name",
    "Use letters, digits, `_`, `.` and `-`, such as `get_weather`.",
  ).describe("Name of the function."),
  description: z.string().min(1).exactOptional().describe("Description of the function for the model."),
  parameters: jsonObject.exactOptional().describe("JSON Schema of the arguments for the model."),
});

/** UTF-8 bytes of a question about a picture, which is an argument of a program; Linux allows 128 KiB. */
const maxArgumentBytes = 100_000;

/** Keys that do not apply to a question about a picture. */
const textKeys = ["system", "tools"] as const;
const textExpectations = ["jsonSchema", "toolCall", "cosineToBase", "rankToBase"] as const;

const image = z.string().superRefine((text, check) => {
  if (text === "bundled" || (isPlainPath(text) && /[/.]/.test(text))) return;
  const remedy = "Write `bundled`, or the path of a PNG, JPEG, BMP or GIF file, such as `./photo.jpg`.";
  check.addIssue(schemaIssue(`${quote(text)} is not a picture`, remedy));
});

/** One entry of `smoke`: a prompt that every variant must answer. */
export const smokePrompt = z
  .strictObject({
    prompt: z.string().min(1).describe("User message, sent in the model's chat template."),
    image: image
      .exactOptional()
      .describe(
        "Picture shown with the prompt, for models with a vision projector: a file (relative to this file), or `bundled`, a red disc above the word TIGER (default: none).",
      ),
    system: z.string().min(1).exactOptional().describe("System prompt (default: none)."),
    maxTokens: maxTokens.exactOptional().describe("Maximum length of the answer in tokens (default 128)."),
    tools: z.array(tool).min(1).max(32).exactOptional().describe("Functions that the model may call."),
    expect: expect
      .exactOptional()
      .describe("Requirements on the answer (default: not empty, valid UTF-8, without repetition)."),
  })
  .superRefine((prompt, check) => {
    if (prompt.image === undefined) return;
    const { expect = {} } = prompt;
    const paths = [
      ...textKeys.filter((key) => prompt[key] !== undefined).map((key) => [key]),
      ...textExpectations.filter((key) => expect[key] !== undefined).map((key) => ["expect", key]),
    ];
    for (const path of paths) {
      const message = `${quote(path.at(-1) ?? "")} does not apply to a prompt with \`image\``;
      check.addIssue(schemaIssue(message, "Remove it, or write a prompt of its own.", path));
    }
    if (prompt.prompt.includes("\0") || Buffer.byteLength(prompt.prompt) > maxArgumentBytes) {
      const message = `a prompt with \`image\` must have at most ${maxArgumentBytes} bytes, and no NUL character`;
      check.addIssue(schemaIssue(message, "Shorten the prompt, or remove the character.", ["prompt"]));
    }
  })
  .superRefine(({ maxTokens, tools = [], expect: { endsItself = 0, toolCall, jsonSchema } = {} }, check) => {
    const add = (key: string, message: string, remedy: string) =>
      check.addIssue(schemaIssue(message, remedy, ["expect", key]));
    if (maxTokens !== undefined && endsItself > maxTokens) {
      const message = `\`endsItself\` ${endsItself} is above \`maxTokens\` ${maxTokens}`;
      add("endsItself", message, "Raise `maxTokens`, or remove it; the default is at least `endsItself`.");
    }
    if (toolCall === undefined) return;
    const names = tools.map(({ name }) => name);
    if (!names.includes(toolCall.name)) {
      const near = nearest(toolCall.name, names);
      const remedy = near === undefined ? "List it under `tools`." : didYouMean(near);
      add("toolCall", `unknown tool ${quote(toolCall.name)}`, remedy);
    }
    if (jsonSchema !== undefined) {
      add("toolCall", "an answer constrained by `jsonSchema` cannot be a tool call", "Write two prompts.");
    }
  });
