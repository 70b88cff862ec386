import * as z from "zod";
import { taskKinds } from "../llamacpp/task-file.js";
import { quote } from "../util/quote.js";
import { patternString, schemaIssue } from "../util/schema-issue.js";
import { isPlainPath } from "./corpus-schema.js";
import { parseHubText } from "./parse-hub-text.js";

const questions = z.int().min(1).max(100_000);

const file = z.string().superRefine((text, check) => {
  const isFile = text.startsWith("hf:") ? parseHubText(text) !== undefined : isPlainPath(text) && /[/.]/.test(text);
  if (isFile) return;
  const remedy = "Write a path such as `./questions.txt`, or `hf:org/dataset@revision/file.txt#sha256=<64 digits>`.";
  check.addIssue(schemaIssue(`${quote(text)} is not a file of questions`, remedy));
});

const task = z.strictObject({
  name: patternString(
    /^[a-z][a-z0-9-]{0,31}$/,
    "the name of a task",
    "Use at most 32 lower-case letters, digits and `-`, starting with a letter.",
  ).describe("Name on the model card and in reports."),
  kind: z
    .enum(taskKinds)
    .describe("Scoring and file format of llama-perplexity: `--hellaswag`, `--winogrande` or `--multiple-choice`."),
  file: file.describe(
    "The questions: a file (relative to this file), or one of a Hub data set as `hf:org/dataset@revision/file`, with `#sha256=…` to pin its content.",
  ),
  questions: questions
    .exactOptional()
    .describe("Number of questions, drawn with a fixed seed (default: the pipeline's)."),
  maxDrop: z
    .number()
    .min(0)
    .max(100)
    .exactOptional()
    .describe("Gate: most percentage points of right answers that a variant may have less than the base."),
});

/** A recipe's tasks. */
export const tasks = z
  .array(task)
  .superRefine((all, check) => {
    for (const [index, { name }] of all.entries()) {
      if (all.findIndex((other) => other.name === name) === index) continue;
      check.addIssue(schemaIssue(`two tasks have the name ${name}`, "Give one of them another name.", [index, "name"]));
    }
  })
  .describe("Multiple-choice questions that the base and every variant answer, scored by log-likelihood.");

/** A pipeline's part of the tasks. */
export const tasksEffort = z
  .strictObject({ questions: questions.exactOptional().describe("Questions of each task (default 400).") })
  .describe("Effort for the tasks of recipes.");
