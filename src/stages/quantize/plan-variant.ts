import type { Gguf } from "../../gguf/gguf.js";
import { mtpMatrices } from "../../gguf/mtp-tensors.js";
import { readGguf } from "../../gguf/read-header.js";
import type { Imatrix } from "../../gguf/read-imatrix.js";
import { knownType } from "../../quant/ggml-types.js";
import { presetByName } from "../../quant/presets.js";
import type { Warning } from "../../util/warnings.js";
import { variantFileBytes } from "../allocate/file-size.js";
import { readAllocatedTypes, type TensorTypes } from "../allocate/tensor-types.js";
import { openImatrix } from "../ggml-source.js";
import { type OperationReport, type PrepareContext, type Prepared, requiredInput } from "../stage.js";
import { dryRun } from "./dry-run.js";
import { fallbackWarnings } from "./fallback-warnings.js";
import { labelWarnings } from "./label-warnings.js";
import { mtpType, mtpTypes, mtpWarnings, uncalibrated } from "./mtp-types.js";
import type { QuantizeParams, TensorFallback } from "./quantize.js";
import { isQuantizedPreset, keepQuantized, requireSmaller } from "./quantized-source.js";
import { findFallbacks, requireRules, resolveTensorRules, tensorTypeFile } from "./tensor-rules.js";

/** The types of a variant and their origin. */
interface VariantTypes {
  /** Types by tensor; missing tensors keep the base's type. */
  types: TensorTypes;
  /** The types listed in `tensor-types.txt`: those of rules, of tensors that stay quantized, or of the allocation. */
  listed: TensorTypes;
  fallbacks: TensorFallback[];
  warnings?: readonly Warning[];
  /** The dry run's part of the step's report; empty without a dry run. */
  report: Pick<OperationReport, "commands" | "peakMemoryBytes">;
}

export interface VariantPlan extends VariantTypes, Prepared {
  base: Gguf;
  imatrix: Imatrix | undefined;
}

/** Upper estimate of the size of `quantize.json`, which lists each fallback. */
const reportBytes = (tensors: number) => 1024 + 200 * tensors;

/**
 * Plans a variant once for its exact size and its file. Inputs `model`, optional `imatrix`, optional `allocation`. The
 * types come from the allocation, or without one from a dry run of llama-quantize.
 * Errors: QS-QUANTIZE-RULE, -REQUANTIZE, -LARGER, -TYPE, -FAILED, QS-INPUT-CHANGED.
 */
export async function planVariant(params: QuantizeParams, context: PrepareContext): Promise<VariantPlan> {
  const { imatrixName, preset, rounding } = params;
  const base = await readGguf(requiredInput(context, "model"));
  const imatrix = await openImatrix(context);
  const allocation = context.input("allocation");
  const chosen =
    allocation === undefined
      ? await presetTypes(params, context, base)
      : allocatedTypes(await readAllocatedTypes(allocation), base);
  requireSmaller(chosen.types, base, preset);
  const bytesOf = (types: TensorTypes) => variantFileBytes({ base, imatrix, imatrixName, preset, rounding }, types);
  const fileBytes = bytesOf(chosen.types);
  // Rounded tensors are written to a data file first.
  const roundedBytes = rounding === "feedback" ? fileBytes + reportBytes(base.tensors.length) : 0;
  const listBytes = Buffer.byteLength(tensorTypeFile(chosen.listed));
  const isChosen = allocation !== undefined || params.rules.length > 0;
  const presetBits = isChosen ? undefined : presetByName(preset)?.bitsPerWeight;
  const { label } = params;
  const labelled =
    label === undefined ? undefined : await presetTypes({ ...params, preset: label, rules: [] }, context, base);
  return {
    ...chosen,
    ...(label &&
      labelled && {
        warnings: [...(chosen.warnings ?? []), ...labelWarnings(label, fileBytes, bytesOf(labelled.types))],
      }),
    variant: { types: chosen.types, ...(presetBits === undefined ? {} : { presetBits }) },
    base,
    imatrix,
    bytes: fileBytes + roundedBytes + listBytes + reportBytes(chosen.fallbacks.length),
  };
}

/** Returns the types of the solver, which llama-quantize can store without fallback or dry run. */
function allocatedTypes(types: TensorTypes, base: Gguf): VariantTypes {
  const mtp = mtpMatrices(base).filter((name) => types.get(name) === mtpType);
  return { types, listed: types, fallbacks: [], warnings: mtpWarnings(mtp), report: {} };
}

/**
 * Returns the types that `llama-quantize --dry-run` prints for the preset. The imatrix and the rules are passed because
 * they change the choices of some presets, for other tensors too.
 */
async function presetTypes(params: QuantizeParams, context: PrepareContext, base: Gguf): Promise<VariantTypes> {
  const names = base.tensors.map((tensor) => tensor.name);
  const rules = resolveTensorRules(Object.fromEntries(params.rules), names);
  const kept = isQuantizedPreset(params.preset) ? keepQuantized(rules, base, params.allowRequantize) : rules;
  const first = await dryRun(params, kept, context);
  // llama-quantize would fail on these; its dry run does not.
  const mtp = uncalibrated(base, first.tensors, await openImatrix(context), params.preset);
  const listed = new Map([...kept, ...mtpTypes(base, mtp)]);
  const { tensors, argv, peakMemoryBytes } = mtp.length === 0 ? first : await dryRun(params, listed, context);
  const planned = tensors.map(({ name, toType }) => ({ name, type: knownType(toType) }));
  const fallbacks = findFallbacks(tensors);
  requireRules(listed, planned, fallbacks);
  const quantized = planned.filter(({ type }) => type.quantized).length;
  return {
    types: new Map(planned.map(({ name, type }) => [name, type])),
    listed,
    fallbacks,
    warnings: [
      ...fallbackWarnings(fallbacks, { preset: params.preset, rules: new Set(rules.keys()), tensors: quantized }),
      ...mtpWarnings(mtp),
    ],
    report: { commands: [argv], peakMemoryBytes },
  };
}
