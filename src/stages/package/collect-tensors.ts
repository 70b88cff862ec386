import { readGguf } from "../../gguf/read-header.js";
import type { TensorErrors } from "../../quant/error-table.js";
import type { RunReport } from "../../release/release-report.js";
import type { TensorFacts } from "../../report/tensor-facts.js";
import type { ErrorsReport } from "../allocate/measure-errors.js";
import type { ProbesReport } from "../allocate/measure-probes.js";
import { joinErrors } from "../allocate/reusable-errors.js";
import type { RoundingTable, WeightRounding } from "../quantize/rounding-table.js";
import { requiredInput, type StageContext } from "../stage.js";
import { readReport } from "../step-files.js";
import { variantInput } from "./package-params.js";
import { readTensorFigures, reusedTensors } from "./reused-figures.js";

/**
 * Returns the matrices of each quantized variant with their types, bytes, and measurements of the allocation and of the
 * rounding. Norms and biases, which are never quantized, are omitted.
 */
export async function collectTensors(
  { variants }: RunReport,
  context: StageContext,
): Promise<Map<string, TensorFacts[]>> {
  const errors = await errorsByTensor(variants, context);
  const probes = await readReport<ProbesReport>(context.input("probes"));
  const alphas = new Map(probes?.probes.flatMap(({ tensors, alpha }) => tensors.map((name) => [name, alpha] as const)));
  const found = new Map<string, TensorFacts[]>();
  for (const { name: variant } of variants) {
    // An unreadable file has failed its gates and must not block the other variants.
    const gguf = await readGguf(requiredInput(context, variantInput("model", variant))).catch(() => undefined);
    if (gguf === undefined) continue;
    const table = await readReport<RoundingTable>(context.input(variantInput("rounding", variant)));
    const roundings = new Map(table?.tensors.map((each) => [each.name, each]));
    const reused = await readTensorFigures(context.input(reusedTensors), variant);
    const matrices = gguf.tensors.filter(({ shape }) => shape.length > 1);
    const facts = matrices.map(({ name, shape, type, bytes }): TensorFacts => {
      const figures = reused?.get(name);
      if (figures !== undefined) return { ...figures, shape, type, bytes };
      const rounding = roundings.get(name);
      const error = errorIn(type.name, errors.get(name), rounding);
      const alpha = alphas.get(name) ?? null;
      return { name, shape, type, bytes, error: rounded(error), alpha: rounded(alpha), lossRatio: lossRatio(rounding) };
    });
    found.set(variant, facts);
  }
  return found;
}

/** Joins the error tables of the dynamic variants, which measured different types. */
async function errorsByTensor(variants: RunReport["variants"], context: StageContext) {
  const joined = new Map<string, TensorErrors>();
  for (const { name } of variants) {
    const table = await readReport<ErrorsReport>(context.input(variantInput("errors", name)));
    for (const row of table?.tensors ?? []) joined.set(row.name, joinErrors(row, joined.get(row.name)));
  }
  return joined;
}

function errorIn(type: string, row: TensorErrors | undefined, rounding: WeightRounding | undefined): number | null {
  const table = rounding?.nearest === null ? row?.feedback : row?.errors;
  return table?.[type] ?? null;
}

function lossRatio(rounding: WeightRounding | undefined): number | null {
  if (rounding?.nearest !== null || rounding.losses === null || !(rounding.losses.nearest > 0)) return null;
  return rounded(rounding.losses.feedback / rounding.losses.nearest);
}

/** Four significant digits: the last ones may differ between processors. */
function rounded(value: number | null): number | null {
  return value === null ? null : Number(value.toPrecision(4));
}
