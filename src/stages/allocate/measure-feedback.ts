import { listableName, roundTensors } from "../../llamacpp/round.js";
import type { ToolReport } from "../../llamacpp/tool-run.js";
import type { TensorErrors } from "../../quant/error-table.js";
import { canonicalJson } from "../../util/canonical-json.js";
import { sha256 } from "../../util/sha256.js";
import type { StageContext } from "../stage.js";
import { linkInput, linkPartial, toolRun } from "../step-files.js";

/** Rows sampled per tensor and expert. */
const sampleRows = 256;

/**
 * Replaces the errors of rows by those relative to the second moments of the inputs, e = tr(E H Eᵀ) / tr(W H Wᵀ), rounded to
 * nearest (`errors`) and with error feedback (`feedback`, never above nearest). Measures the types that a row lists in
 * `errors` and not in `feedback`. Rows of tensors without moments stay unchanged. Input `moments`; `model` is the base
 * model's name in the working folder. A killed run resumes after its last tensor. Errors: see `roundTensors` in llamacpp/round.ts.
 */
export async function measureFeedback(
  rows: readonly TensorErrors[],
  model: string,
  context: StageContext,
): Promise<{ rows: TensorErrors[]; run: ToolReport | undefined }> {
  const missing = rows.flatMap((row): [string, string[]][] => {
    // A type without error is the tensor's own.
    const types = Object.keys(row.errors).filter(
      (type) => row.errors[type] !== 0 && row.feedback?.[type] === undefined,
    );
    return types.length > 0 && listableName.test(row.name) ? [[row.name, types]] : [];
  });
  if (missing.length === 0) return { rows: [...rows], run: undefined };
  const kept = await linkPartial(context);
  const types = new Map(missing);
  const { tensors, ...run } = await roundTensors({
    ...(await toolRun(context)),
    model,
    moments: await linkInput(context, "moments", "moments.gguf"),
    types,
    sampleRows,
    // Reused rows change the list between a killed run and the next.
    out: `${kept}/sample-${sha256(canonicalJson(missing)).slice(0, 12)}`,
  });
  const measured = new Map(tensors.map((tensor) => [tensor.tensor, tensor]));
  return {
    rows: rows.map((row) => {
      const { signal, results } = measured.get(row.name) ?? { signal: 0, results: [] };
      if (!(signal > 0)) return row;
      const errors = { ...row.errors };
      const feedback = { ...row.feedback };
      for (const [i, type] of (types.get(row.name) ?? []).entries()) {
        const { loss, nearest } = results[i] ?? { loss: 0, nearest: 0 };
        errors[type] = nearest / signal;
        feedback[type] = Math.min(loss, nearest) / signal;
      }
      return { ...row, errors, feedback };
    }),
    run,
  };
}
