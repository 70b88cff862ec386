import type { QuantizedTensor } from "../../llamacpp/quantize.js";
import { quantizeDryRun } from "../../llamacpp/quantize-dry-run.js";
import { type ErrorTable, measureTensorErrors } from "../../quant/error-table.js";
import { ggmlTypeByName } from "../../quant/ggml-types.js";
import type { JsonObject } from "../../util/canonical-json.js";
import { openSource, withPool } from "../ggml-source.js";
import type { Operation } from "../stage.js";
import { linkInput, toolRun, writeReport } from "../step-files.js";
import { storableTypes } from "./candidates.js";
import { measureFeedback } from "./measure-feedback.js";
import { findReusableErrors, joinErrors, onlyTypes } from "./reusable-errors.js";

export interface ErrorsParams extends JsonObject {
  /** Names of the types that any variant may choose, sorted. */
  types: readonly string[];
  /** The preset whose file size is a variant's budget; null without such a variant. */
  preset: string | null;
}

/** `errors.json`: one row per tensor that llama-quantize would quantize. */
export interface ErrorsReport extends ErrorTable {
  /** The types of those tensors in the preset; `readPresetTypes` reads it. */
  preset: { name: string; types: Record<string, string> } | null;
}

/**
 * Values sampled per tensor. On a model of 34 M weights the errors are within 2 % of those over all values, far below
 * the uncertainty of the probes.
 */
const sampleValues = 2 ** 16;

/**
 * Measures the quantization error of each tensor in each type. Inputs `model`, optional `imatrix` and `moments`; output
 * `errors.json`. With moments the errors refer to them, and those of error-feedback rounding are measured too.
 * Values in earlier tables of the same base and imatrix are reused. This is the only dry run of a dynamic variant.
 * Errors: QS-GGML-*, QS-IMATRIX-INVALID, QS-QUANTIZE-FAILED.
 */
export const measureErrors: Operation<ErrorsParams> = {
  id: "measure-errors",
  stage: "allocate",
  version: 3,
  resource: "compute",
  tools: ["llama.cpp", "node-llama-cpp"],
  async run({ types, preset }, context) {
    const mixture = mixtureOf(preset);
    const model = await linkInput(context, "model", "model.gguf");
    const plan = await quantizeDryRun({
      ...(await toolRun(context)),
      model,
      type: mixture ?? "Q8_0",
      // Some presets choose different types with an imatrix.
      ...(mixture && context.input("imatrix") && { imatrix: await linkInput(context, "imatrix", "imatrix.gguf") }),
    });
    // llama-quantize quantizes the same tensors in all quantized presets.
    const touched = plan.tensors.filter(({ fromType, toType }) => fromType !== toType);
    const names = touched.map(({ name }) => name);
    const source = await openSource(context);
    const known = await findReusableErrors(context);
    let measured = 0;
    const report = await withPool(context, async (pool) => {
      const table: ErrorsReport = { tensors: [], preset: preset === null ? null : presetPlan(preset, touched) };
      for (const name of names) {
        const tensor = source.tensors.get(name);
        if (tensor === undefined) throw new Error(`llama-quantize lists ${name}, which the model does not contain`);
        const wanted = storableTypes(types, tensor.shape[0] ?? 1);
        const before = known.get(name);
        const missing = wanted.filter((type) => before?.errors[type.name] === undefined);
        const importance = await source.importanceOf(name);
        const row =
          before !== undefined && missing.length === 0
            ? before
            : joinErrors(await measureTensorErrors({ pool, tensor, types: missing, importance, sampleValues }), before);
        measured += missing.length;
        table.tensors.push(
          onlyTypes(
            row,
            wanted.map((type) => type.name),
          ),
        );
        context.progress({ done: table.tensors.length, total: names.length, unit: "tensor" });
      }
      return table;
    });
    const { rows, run } =
      context.input("moments") === undefined
        ? { rows: report.tensors, run: undefined }
        : await measureFeedback(report.tensors, model, context);
    await writeReport(context, "errors.json", { ...report, tensors: rows });
    return {
      commands: [plan.argv, ...(run === undefined ? [] : [run.argv])],
      peakMemoryBytes: Math.max(plan.peakMemoryBytes, run?.peakMemoryBytes ?? 0),
      measurements: { errorsMeasured: measured },
    };
  },
};

/** Returns the preset if it is quantized; F32, F16 and BF16 skip tensors that already have the type. */
function mixtureOf(preset: string | null): string | undefined {
  return preset === null || ggmlTypeByName(preset)?.quantized === false ? undefined : preset;
}

/** Returns the preset's types; a preset that is not quantized gives all tensors one type. */
function presetPlan(name: string, touched: readonly QuantizedTensor[]): ErrorsReport["preset"] {
  const own = mixtureOf(name) === undefined ? name : undefined;
  return { name, types: Object.fromEntries(touched.map((tensor) => [tensor.name, own ?? tensor.toType])) };
}
