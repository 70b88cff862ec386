import * as z from "zod";
import { parseDocument } from "../parse-document.js";
import type { RunReport } from "../release-report.js";
import { tensorsFile, variantFiles } from "../variant-files.js";
import type { ModelFacts } from "./check-variants.js";
import { errorProblem, type VerifyProblem } from "./verify-report.js";

const listed = z.looseObject({
  variants: z.record(z.string(), z.array(z.looseObject({ name: z.string(), type: z.string() }))),
});

/**
 * Compares names and types in `tensors.json` with the matrices in the headers of each released variant. A variant with a
 * missing file or an unreadable header is not compared; its measurements cannot be recomputed.
 */
export function checkTensors(
  text: string,
  report: RunReport,
  models: ReadonlyMap<string, ModelFacts>,
): VerifyProblem[] {
  const problem = (what: string) => errorProblem("QS-VERIFY-FIGURE", tensorsFile, `${tensorsFile} ${what}`);
  const parsed = parseDocument(text, listed);
  if (typeof parsed === "string") return [problem(`has an invalid format: ${parsed}`)];
  const rowsOf = new Map(Object.entries(parsed.data.variants));
  return report.variants.flatMap((variant) => {
    const headers = variantFiles(variant).map(({ file }) => models.get(file)?.header);
    const found = new Map<string, string>();
    for (const header of headers) {
      if (typeof header !== "object") return [];
      for (const [name, type] of header.matrices) found.set(name, type);
    }
    const rows = rowsOf.get(variant.name);
    if (rows === undefined) return [problem(`does not list the variant ${variant.name}`)];
    const wrong = rows.find(({ name, type }) => found.get(name) !== type);
    if (wrong !== undefined) {
      const { name, type } = wrong;
      return [
        problem(`lists ${type} for ${name} of ${variant.name} instead of ${found.get(name) ?? "no such matrix"}`),
      ];
    }
    const names = new Set(rows.map(({ name }) => name));
    const same = names.size === rows.length && names.size === found.size;
    return same ? [] : [problem(`does not list each of the ${found.size} matrices of ${variant.name} once`)];
  });
}
