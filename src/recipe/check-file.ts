import type * as z from "zod";
import type { ErrorCode } from "../util/error-codes.js";
import { schemaTree } from "./schema-hints.js";
import { type Problem, throwIfAny, withoutText } from "./yaml/diagnostics.js";
import { explainIssues } from "./yaml/explain-issues.js";
import type { YamlFile } from "./yaml/parse-yaml.js";

/**
 * Returns the typed content of a YAML file. Throws a RecipeError with all problems that the schema and `check` find;
 * `check` receives the plain data, which may violate the schema.
 */
export function checkFile<T extends z.ZodType>(
  file: YamlFile,
  schema: T,
  code: ErrorCode,
  check: (data: unknown) => Problem[] = () => [],
): z.output<T> {
  const result = schema.safeParse(file.data, { reportInput: true });
  const faults = result.success ? [] : explainIssues(result.error.issues, schemaTree(schema));
  throwIfAny([...faults, ...check(file.data)].map((problem) => toDiagnostic(file, problem, code)));
  if (!result.success) throw new Error("the schema rejected a file without an issue");
  return result.data;
}

function toDiagnostic(file: YamlFile, { path, part, message, remedy, code: own }: Problem, code: ErrorCode) {
  const diagnostic = { code: own ?? code, message, remedy, ...file.place(path, part) };
  return file.isForeign ? withoutText(diagnostic) : diagnostic;
}
