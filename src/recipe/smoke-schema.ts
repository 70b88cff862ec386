import * as z from "zod";
import { quote } from "../util/quote.js";
import { missingKeys, patternString, schemaIssue } from "../util/schema-issue.js";
import { didYouMean, nearest } from "../util/suggest.js";
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
          `${quote(pattern)} is no regular expression: ${fault}`,
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

const expect = z
  .strictObject({
    matches: regex.exactOptional().describe("A regular expression that the answer must match somewhere."),
    contains: z.string().min(1).exactOptional().describe("Text that the answer must contain."),
    equals: z.string().exactOptional().describe("The whole answer, blanks around it aside."),
    json: z.literal(true).exactOptional().describe("The answer must be valid JSON."),
    jsonSchema: jsonSchema
      .exactOptional()
      .describe("JSON Schema; the answer is generated under its grammar and must be whole."),
    endsItself: maxTokens.exactOptional().describe("The model must end its turn within so many tokens."),
    notRepeating: z
      .boolean()
      .exactOptional()
      .describe("The answer must not be one piece over and over (default true)."),
    validUtf8: z.boolean().exactOptional().describe("The answer must hold no broken characters (default true)."),
    sameAsBase: z
      .literal(true)
      .exactOptional()
      .describe("The answer must be the 16-bit base's, to the letter; keep such answers short."),
    toolCall: z.string().min(1).exactOptional().describe("The answer must call this one of the prompt's `tools`."),
    cosineToBase: z
      .number()
      .min(-1)
      .max(1)
      .exactOptional()
      .describe("Embedding models: least cosine between its vector and the base's (default 0.9)."),
  })
  .superRefine((value, check) => {
    if (Object.keys(value).length > 0) return;
    check.addIssue(
      missingKeys(
        ["matches", "contains", "equals", "json", "jsonSchema", "endsItself", "sameAsBase", "toolCall"],
        "`expect` expects nothing",
        "Add `matches`, `contains`, `equals`, `json: true` or another expectation, or remove it.",
      ),
    );
  });

const tool = z.strictObject({
  name: patternString(
    /^[A-Za-z_][\w.-]{0,63}$/,
    "the name of a function",
    "Use letters, digits, `_`, `.` and `-`, such as `get_weather`.",
  ).describe("Name of the function."),
  description: z.string().min(1).exactOptional().describe("What it does, for the model to read."),
  parameters: jsonObject.exactOptional().describe("JSON Schema of its arguments, for the model to read."),
});

/** One entry of `smoke`: a question that every variant must answer. */
export const smokePrompt = z
  .strictObject({
    prompt: z.string().min(1).describe("What the user says, in the model's own chat template."),
    system: z.string().min(1).exactOptional().describe("System prompt (default: none)."),
    maxTokens: maxTokens.exactOptional().describe("Longest answer in tokens (default 128)."),
    tools: z.array(tool).min(1).max(32).exactOptional().describe("Functions that the model may call."),
    expect: expect
      .exactOptional()
      .describe("What the answer must satisfy (default: there is one, in valid UTF-8, that does not repeat itself)."),
  })
  .superRefine(({ maxTokens, tools = [], expect: { endsItself = 0, toolCall, jsonSchema } = {} }, check) => {
    const add = (key: string, message: string, remedy: string) =>
      check.addIssue(schemaIssue(message, remedy, ["expect", key]));
    if (maxTokens !== undefined && endsItself > maxTokens) {
      const message = `\`endsItself\` ${endsItself} is above \`maxTokens\` ${maxTokens}`;
      add("endsItself", message, "Raise `maxTokens`, or leave it out: answers then get the tokens they may take.");
    }
    if (toolCall === undefined) return;
    const names = tools.map(({ name }) => name);
    if (!names.includes(toolCall)) {
      const near = nearest(toolCall, names);
      const remedy = near === undefined ? "List it under `tools`." : didYouMean(near);
      add("toolCall", `the prompt has no tool ${quote(toolCall)}`, remedy);
    }
    if (jsonSchema !== undefined) {
      add("toolCall", "an answer bound to `jsonSchema` cannot be a tool call", "Make them two prompts.");
    }
  });
