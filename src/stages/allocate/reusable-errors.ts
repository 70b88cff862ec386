import { join } from "node:path";
import type { ErrorTable, TensorErrors } from "../../quant/error-table.js";
import type { StageContext } from "../stage.js";
import { readReport } from "../step-files.js";

/**
 * Returns the rows of earlier error tables of the same base and imatrix, by tensor, so that a recipe with one more type
 * measures only that type. Missing or unreadable tables are skipped.
 */
export async function findReusableErrors(
  context: Pick<StageContext, "reusableSteps">,
): Promise<Map<string, TensorErrors>> {
  const known = new Map<string, TensorErrors>();
  for (const folder of await context.reusableSteps(["model", "imatrix", "moments"])) {
    const table = await readReport<ErrorTable>(join(folder, "errors.json")).catch(() => undefined);
    for (const row of table?.tensors ?? []) known.set(row.name, joinErrors(row, known.get(row.name)));
  }
  return known;
}

/** Merges two rows of a tensor; `row` takes precedence. */
export function joinErrors(row: TensorErrors, other: TensorErrors | undefined): TensorErrors {
  if (other === undefined) return row;
  return {
    ...row,
    errors: { ...other.errors, ...row.errors },
    bytes: { ...other.bytes, ...row.bytes },
    ...((row.feedback || other.feedback) && { feedback: { ...other.feedback, ...row.feedback } }),
    ...(row.experts && { experts: { ...other.experts, ...row.experts } }),
  };
}

/** Returns the table with the errors of error-feedback rounding, where measured, instead of rounding to nearest. */
export function withFeedback({ tensors }: ErrorTable): ErrorTable {
  return { tensors: tensors.map((row) => ({ ...row, errors: { ...row.errors, ...row.feedback } })) };
}

/** Returns the row with only these types, in this order, so that a table does not depend on reused values. */
export function onlyTypes(row: TensorErrors, types: readonly string[]): TensorErrors {
  const pick = <T>(values: Record<string, T>) =>
    Object.fromEntries(types.flatMap((type) => (values[type] === undefined ? [] : [[type, values[type]]]))) as Record<
      string,
      T
    >;
  return {
    ...row,
    errors: pick(row.errors),
    bytes: pick(row.bytes),
    ...(row.feedback && { feedback: pick(row.feedback) }),
    ...(row.experts && { experts: pick(row.experts) }),
  };
}
