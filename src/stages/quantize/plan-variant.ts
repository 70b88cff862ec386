import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Gguf } from "../../gguf/gguf.js";
import { readGguf } from "../../gguf/read-header.js";
import type { Imatrix } from "../../gguf/read-imatrix.js";
import { quantizeDryRun } from "../../llamacpp/quantize-dry-run.js";
import { knownType } from "../../quant/ggml-types.js";
import { variantFileBytes } from "../allocate/file-size.js";
import { readAllocatedTypes, type TensorTypes } from "../allocate/tensor-types.js";
import { openImatrix } from "../ggml-source.js";
import { type OperationReport, type PrepareContext, type Prepared, requiredInput } from "../stage.js";
import { linkInput } from "../step-files.js";
import type { QuantizeParams, TensorFallback } from "./quantize.js";
import { resolveTensorRules, ruleFallbacks, tensorTypeFile } from "./tensor-rules.js";

/** The types of a variant, and what they follow from. */
interface VariantTypes {
  /** The type of every tensor; one that is not in it keeps the base's type. */
  types: TensorTypes;
  /** The part of it that `tensor-types.txt` lists: what the preset alone would not give. */
  listed: TensorTypes;
  fallbacks: TensorFallback[];
  /** What the tool run, if there was one, adds to the step's report. */
  report: Pick<OperationReport, "commands" | "peakMemoryBytes">;
}

export interface VariantPlan extends VariantTypes, Prepared {
  base: Gguf;
  imatrix: Imatrix | undefined;
}

/** `quantize.json`, on the high side: it names each fallback. */
const reportBytes = (tensors: number) => 1024 + 200 * tensors;

/**
 * Plans a variant once for both its size and its file. Inputs `model`, optional `imatrix`; with `allocation` the types
 * are those of the solver, else llama-quantize names them. The size is exact.
 * Errors: QS-QUANTIZE-RULE, QS-QUANTIZE-TYPE, QS-QUANTIZE-FAILED, QS-INPUT-CHANGED.
 */
export async function planVariant(params: QuantizeParams, context: PrepareContext): Promise<VariantPlan> {
  const { imatrixName, preset } = params;
  const base = await readGguf(requiredInput(context, "model"));
  const imatrix = await openImatrix(context);
  const allocation = context.input("allocation");
  const chosen =
    allocation === undefined
      ? await presetTypes(params, context, base)
      : allocatedTypes(await readAllocatedTypes(allocation));
  const fileBytes = variantFileBytes({ base, imatrix, imatrixName, preset }, chosen.types);
  const listBytes = Buffer.byteLength(tensorTypeFile(chosen.listed));
  return { ...chosen, base, imatrix, bytes: fileBytes + listBytes + reportBytes(chosen.fallbacks.length) };
}

/** The solver chooses among what llama-quantize can store, so its types need no fallback and no question. */
function allocatedTypes(types: TensorTypes): VariantTypes {
  return { types, listed: types, fallbacks: [], report: {} };
}

/**
 * The types that `llama-quantize --dry-run` names for the preset. It gets the imatrix and the rules, because some
 * presets choose otherwise with an imatrix or beside a tensor that a rule takes away from them.
 */
async function presetTypes(params: QuantizeParams, context: PrepareContext, base: Gguf): Promise<VariantTypes> {
  const names = base.tensors.map((tensor) => tensor.name);
  const listed = resolveTensorRules(Object.fromEntries(params.rules), names);
  // `run` links the same inputs into the working folder itself.
  const own = { input: context.input, work: join(context.work, "dry-run") };
  await mkdir(own.work);
  const rulesFile = "tensor-types.txt";
  if (listed.size > 0) await writeFile(join(own.work, rulesFile), tensorTypeFile(listed));
  const { tensors, fallbacks, argv, peakMemoryBytes } = await quantizeDryRun({
    toolchain: await context.toolchain(),
    cwd: own.work,
    threads: context.threads,
    signal: context.signal,
    model: await linkInput(own, "model", "model.gguf"),
    type: params.preset,
    ...(context.input("imatrix") && { imatrix: await linkInput(own, "imatrix", params.imatrixName) }),
    ...(listed.size > 0 && { tensorTypes: rulesFile }),
  });
  const planned = tensors.map(({ name, toType }) => ({ name, type: knownType(toType) }));
  return {
    types: new Map(planned.map(({ name, type }) => [name, type])),
    listed,
    fallbacks: ruleFallbacks(listed, planned, fallbacks),
    report: { commands: [argv], peakMemoryBytes },
  };
}
