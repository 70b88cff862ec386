import { count } from "../../util/count.js";
import { errorReport, exitCodeOf } from "../../util/error-report.js";
import { QuantsmithError } from "../../util/errors.js";
import { loadAllSettings } from "../prepare-plan.js";
import { print, printError, printJson } from "../print.js";

/** `quantsmith check`: checks all recipes, including those after an invalid one. */
export async function check(recipes: readonly string[], options: { json?: boolean }): Promise<void> {
  const failures: QuantsmithError[] = [];
  for (const recipe of recipes) {
    try {
      for (const { model, pipeline, variants } of await loadAllSettings(recipe)) {
        if (options.json === true) continue;
        print(`${recipe}: ok, ${model.name}, ${count(variants.length, "variant")}, pipeline ${pipeline.name}`);
      }
    } catch (error) {
      if (!(error instanceof QuantsmithError)) throw error;
      failures.push(error);
      if (options.json !== true) printError(error, false);
    }
  }
  const [first] = failures;
  if (options.json === true)
    printJson(first === undefined ? { ok: true } : { ok: false, error: allProblems(first, failures) });
  if (first !== undefined) process.exitCode = exitCodeOf(first);
}

/** Returns the first error with the problems of all files. */
function allProblems(first: QuantsmithError, failures: readonly QuantsmithError[]) {
  const problems = failures.flatMap((error): readonly unknown[] => error.problems ?? [errorReport(error)]);
  return { ...errorReport(first), problems };
}
