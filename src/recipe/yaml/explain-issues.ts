import type * as z from "zod";
import { describeType, describeValue } from "../../util/message-text.js";
import { quote, quoteList } from "../../util/quote.js";
import type { SchemaIssueParams } from "../../util/schema-issue.js";
import { didYouMean, nearest } from "../../util/suggest.js";
import { type Hints, hintsAt, type SchemaNode } from "../schema-hints.js";
import type { Problem, YamlPath } from "./diagnostics.js";
import { writeRemedy } from "./write-remedy.js";

type Issue = z.core.$ZodIssue;

const listEntry = "this entry";

/** Explains zod's issues to authors of YAML: one problem with a remedy per issue. */
export function explainIssues(issues: readonly Issue[], schema: SchemaNode, base: YamlPath = []): Problem[] {
  const problems = issues.flatMap((issue) => explain(issue, schema, [...base, ...issue.path.map(toStep)]));
  return dropExplained(problems);
}

interface Found extends Problem {
  /** Paths of keys of which one is required and all are missing. */
  missing?: readonly string[];
  /** Path of the key that an unknown key most likely means. */
  meant?: string;
}

/** Reports a mistyped required key once, as an unknown key. */
function dropExplained(problems: readonly Found[]): Problem[] {
  const meant = new Set(problems.map((problem) => problem.meant));
  return problems
    .filter((problem) => !problem.missing?.some((path) => meant.has(path)))
    .map(({ path, part, message, remedy }) => ({ path, part, message, remedy }));
}

function explain(issue: Issue, schema: SchemaNode, path: YamlPath): Found[] {
  const problem = (message: string, remedy: string): Found => ({ path, part: "value", message, remedy });
  const hints = hintsAt(schema, path);
  const about = hints.description;
  const subject = typeof path.at(-1) === "string" ? quote(String(path.at(-1))) : listEntry;
  switch (issue.code) {
    case "custom":
      return [explainCustomIssue(issue.message, issue.params as SchemaIssueParams, path)];
    case "invalid_type":
      if (issue.input === undefined && path.length > 0) return [missingKey(path, about)];
      return [explainType(subject, path, [issue.expected], issue.input, hints)];
    case "invalid_value": {
      if (issue.input === undefined) return [missingKey(path, about)];
      const texts = issue.values.filter((value) => typeof value === "string");
      const near = typeof issue.input === "string" ? nearest(issue.input, texts) : undefined;
      const remedy = near === undefined ? `Write ${allowedValues(issue.values)}.` : didYouMean(near);
      return [problem(`${subject} cannot be ${describeValue(issue.input)}`, remedy)];
    }
    case "unrecognized_keys":
      return issue.keys.map((key) => unknownKey(path, key, hints.keys));
    case "too_small":
      return [problem(tooSmall(subject, issue), writeRemedy(hints.nodes))];
    case "too_big":
      return [problem(`${subject} must be at most ${issue.maximum}${unitOf(issue.origin)}`, writeRemedy(hints.nodes))];
    case "invalid_union":
      return explainUnion(issue, schema, path, subject, hints);
    case "invalid_key":
      return issue.issues.flatMap((inner) => explain(inner, schema, path)).map((found) => ({ ...found, part: "key" }));
    case "invalid_format":
    case "not_multiple_of":
    case "invalid_element":
      return [problem(`${subject}: ${issue.message}`, sentence(subject, about))];
  }
}

/** Reports the issues of the branch that accepts the value's type; without such a branch, the accepted types. */
function explainUnion(
  issue: z.core.$ZodIssueInvalidUnion,
  schema: SchemaNode,
  path: YamlPath,
  subject: string,
  hints: Hints,
): Found[] {
  const rejectsType = (branch: readonly Issue[]) =>
    branch.some((inner) => inner.code === "invalid_type" && inner.path.length === 0);
  const fitting = issue.errors.find((branch) => !rejectsType(branch));
  if (fitting !== undefined) return explainIssues(fitting, schema, path);
  const types = issue.errors.flatMap((branch) =>
    branch.flatMap((inner) => (inner.code === "invalid_type" ? [inner.expected] : [])),
  );
  return [explainType(subject, path, types, issue.input, hints)];
}

function explainCustomIssue(message: string, { remedy, missingKeys, part }: SchemaIssueParams, path: YamlPath): Found {
  return { path, part, message, remedy, missing: missingKeys.map((key) => JSON.stringify([...path, key])) };
}

function missingKey(path: YamlPath, about: string | undefined): Found {
  const key = String(path.at(-1));
  const parent = path.slice(0, -1);
  return {
    path: parent,
    part: "key",
    message: `the key ${quote(key)} is missing${parent.length === 0 ? "" : ` in ${quote(dotted(parent))}`}`,
    remedy: about === undefined ? `Add \`${key}:\`.` : `Add \`${key}:\`. ${about}`,
    missing: [JSON.stringify(path)],
  };
}

function unknownKey(parent: YamlPath, key: string, known: readonly string[]): Found {
  const near = nearest(key, known);
  return {
    path: [...parent, key],
    part: "key",
    message: `unknown key ${quote(key)}`,
    remedy: near === undefined ? `Use ${quoteList(known, "or")}.` : didYouMean(near),
    ...(near === undefined ? {} : { meant: JSON.stringify([...parent, near]) }),
  };
}

function explainType(
  subject: string,
  path: YamlPath,
  types: readonly string[],
  input: unknown,
  { nodes }: Hints,
): Found {
  // For a text, zod expects a number where the schema requires an integer.
  const isInteger = nodes.some(({ type }) => type === "integer") && nodes.every(({ type }) => type !== "number");
  const names = types.map((type) => describeType(type === "number" && isInteger ? "integer" : type));
  const message = `${path.length === 0 ? "the file" : subject} must be ${[...new Set(names)].join(" or ")}, found ${describeValue(input)}`;
  const scalar = typeof input === "number" || typeof input === "boolean";
  const quoted = scalar && types.every((type) => type === "string");
  return {
    path,
    part: "value",
    message,
    remedy: quoted ? `Put the value in quotes: \`"${input}"\`.` : writeRemedy(nodes),
  };
}

/** Returns values as they are written in YAML: texts in double quotes, others in backticks. */
function allowedValues(values: readonly unknown[]): string {
  if (values.every((value) => typeof value === "string")) return quoteList(values, "or");
  return values.map((value) => (typeof value === "string" ? quote(value) : `\`${value}\``)).join(" or ");
}

function sentence(subject: string, about: string | undefined): string {
  if (about === undefined) return "Correct the value.";
  return subject === listEntry ? about : `${subject}: ${about}`;
}

function tooSmall(subject: string, issue: z.core.$ZodIssueTooSmall): string {
  if (issue.origin === "array" || issue.origin === "string") {
    return issue.minimum === 1
      ? `${subject} is empty`
      : `${subject} needs at least ${issue.minimum}${unitOf(issue.origin)}`;
  }
  return `${subject} must be at least ${issue.minimum}`;
}

function unitOf(origin: string): string {
  if (origin === "array") return " entries";
  return origin === "string" ? " characters long" : "";
}

function toStep(step: PropertyKey): string | number {
  return typeof step === "number" ? step : String(step);
}

/** Returns a path such as `variants[2].dynamic`. */
function dotted(path: YamlPath): string {
  return path.map((step, index) => (typeof step === "number" ? `[${step}]` : index === 0 ? step : `.${step}`)).join("");
}
