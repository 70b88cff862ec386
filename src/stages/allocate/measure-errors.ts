import { mtpMatrices } from "../../gguf/mtp-tensors.js";
import { readGguf } from "../../gguf/read-header.js";
import type { QuantizedTensor } from "../../llamacpp/quantize.js";
import { quantizeDryRun } from "../../llamacpp/quantize-dry-run.js";
import { type ErrorTable, measureTensorErrors, type TensorErrors } from "../../quant/error-table.js";
import type { GgmlType } from "../../quant/ggml-types.js";
import type { JsonObject } from "../../util/canonical-json.js";
import { openSource, withPool } from "../ggml-source.js";
import { isQuantizedPreset, quantizedTensors, smallerTypes } from "../quantize/quantized-source.js";
import { type Operation, requiredInput } from "../stage.js";
import { linkInput, toolRun, writeReport } from "../step-files.js";
import { storableTypes } from "./candidates.js";
import { measureFeedback } from "./measure-feedback.js";
import { findReusableErrors, joinErrors, onlyTypes } from "./reusable-errors.js";

export interface ErrorsParams extends JsonObject {
  /** Names of the types that any variant may choose, sorted. */
  types: readonly string[];
  /** The preset whose file size is a variant's budget; null without such a variant. */
  preset: string | null;
  /** Whether tensors that the model has in a quantized type may get a smaller one. */
  allowRequantize: boolean;
}

/** `errors.json`: one row per tensor that llama-quantize would quantize, except those of `mtp`. */
export interface ErrorsReport extends ErrorTable {
  /** The types of those tensors in the preset; `readPresetTypes` reads it. */
  preset: { name: string; types: Record<string, string> } | null;
  /** Tensors in layers for multi-token prediction, whose error has no effect on a measurement; absent without any. */
  mtp?: string[];
}

/**
 * Values sampled per tensor. On a model of 34 M weights the errors are within 2 % of those over all values, far below
 * the uncertainty of the probes.
 */
const sampleValues = 2 ** 16;

/**
 * Measures the quantization error of each tensor in each type. Inputs `model`, optional `imatrix` and `moments`; output
 * `errors.json`. With moments the errors refer to them, and those of error-feedback rounding are measured too.
 * A tensor that is already quantized has no error in its own type. Values in earlier tables of the same base and imatrix
 * are reused. This is the only dry run of a dynamic variant.
 * Errors: QS-GGML-*, QS-IMATRIX-INVALID, QS-QUANTIZE-FAILED.
 */
export const measureErrors: Operation<ErrorsParams> = {
  id: "measure-errors",
  stage: "allocate",
  version: 4,
  resource: "compute",
  usesDevices: (_params, inputs) => inputs.moments !== undefined,
  tools: ["llama.cpp", "node-llama-cpp"],
  async run({ types, preset, allowRequantize }, context) {
    const mixture = mixtureOf(preset);
    const model = await linkInput(context, "model", "model.gguf");
    const source = await openSource(context);
    const plan = await quantizeDryRun({
      ...(await toolRun(context)),
      model,
      type: mixture ?? "Q8_0",
      // Some presets choose different types with an imatrix.
      ...(mixture && context.input("imatrix") && { imatrix: await linkInput(context, "imatrix", "imatrix.gguf") }),
    });
    // llama-quantize quantizes the same tensors in all quantized presets.
    const kept = quantizedTensors({ tensors: [...source.tensors.values()] });
    const touched = plan.tensors.filter(({ name, fromType, toType }) => fromType !== toType || kept.has(name));
    const unmeasured = new Set(mtpMatrices(await readGguf(requiredInput(context, "model"))));
    const mtp = touched.flatMap(({ name }) => (unmeasured.has(name) ? [name] : []));
    const names = touched.flatMap(({ name }) => (unmeasured.has(name) ? [] : [name]));
    const known = await findReusableErrors(context);
    let measured = 0;
    const report = await withPool(context, async (pool) => {
      const stays = (name: string) => (allowRequantize ? undefined : kept.get(name)?.name);
      const table: ErrorsReport = { tensors: [], preset: preset === null ? null : presetPlan(preset, touched, stays) };
      for (const name of names) {
        const tensor = source.tensors.get(name);
        if (tensor === undefined) throw new Error(`llama-quantize lists ${name}, which the model does not contain`);
        const own = kept.get(name);
        const storable = storableTypes(stays(name) === undefined ? types : [], tensor.shape[0] ?? 1);
        const wanted = own === undefined ? storable : smallerTypes(storable, own);
        const before = known.get(name);
        const missing = wanted.filter((type) => before?.errors[type.name] === undefined);
        const importance = await source.importanceOf(name);
        const row =
          before !== undefined && missing.length === 0
            ? before
            : joinErrors(await measureTensorErrors({ pool, tensor, types: missing, importance, sampleValues }), before);
        measured += missing.length;
        const allowed = wanted.map((type) => type.name);
        table.tensors.push(withOwnType(onlyTypes(row, allowed), own));
        context.progress({ done: table.tensors.length, total: names.length, unit: "tensor" });
      }
      return table;
    });
    const { rows, run } =
      context.input("moments") === undefined
        ? { rows: report.tensors, run: undefined }
        : await measureFeedback(report.tensors, model, context);
    await writeReport(context, "errors.json", { ...report, tensors: rows, ...(mtp.length === 0 ? {} : { mtp }) });
    return {
      commands: [plan.argv, ...(run === undefined ? [] : [run.argv])],
      peakMemoryBytes: Math.max(plan.peakMemoryBytes, run?.peakMemoryBytes ?? 0),
      measurements: { errorsMeasured: measured },
    };
  },
};

/** Returns a row with the quantized type that its tensor already has, which is exact. */
function withOwnType(row: TensorErrors, own: GgmlType | undefined): TensorErrors {
  if (own === undefined) return row;
  const { name, bitsPerWeight } = own;
  const bytes = (row.elements * bitsPerWeight) / 8;
  return { ...row, errors: { ...row.errors, [name]: 0 }, bytes: { ...row.bytes, [name]: bytes } };
}

/** Returns the preset if it is quantized; F32, F16 and BF16 skip tensors that already have the type. */
function mixtureOf(preset: string | null): string | undefined {
  return preset !== null && isQuantizedPreset(preset) ? preset : undefined;
}

/** Returns the preset's types; a preset that is not quantized gives all tensors one type. */
function presetPlan(
  name: string,
  touched: readonly QuantizedTensor[],
  stays: (tensor: string) => string | undefined,
): ErrorsReport["preset"] {
  const only = mixtureOf(name) === undefined ? name : undefined;
  const types = touched.map((tensor) => [tensor.name, stays(tensor.name) ?? only ?? tensor.toType]);
  return { name, types: Object.fromEntries(types) };
}
