import { stat } from "node:fs/promises";
import { readGguf } from "../../gguf/read-header.js";
import type { JsonObject } from "../../util/canonical-json.js";
import { openImatrix, openSource, withPool } from "../ggml-source.js";
import { choiceWarnings } from "../quantize/fallback-warnings.js";
import { mtpTypes } from "../quantize/mtp-types.js";
import type { Rounding } from "../quantize/quantize.js";
import { keepQuantized, quantizedTensors, requireSmaller } from "../quantize/quantized-source.js";
import { resolveTensorRules } from "../quantize/tensor-rules.js";
import { type Operation, type OperationReport, requiredInput, type StageContext } from "../stage.js";
import { readReport, writeReport } from "../step-files.js";
import type { DeviceBudget, VariantBudget } from "./budget.js";
import { defaultTypes } from "./candidates.js";
import { changeTypes, chooseTypes, type TypeChoice, type TypeChoiceOptions, typeItems } from "./choose-types.js";
import { chooseTypesForDevice, type DeviceProof, type DeviceTypeChoice } from "./choose-types-for-device.js";
import { DeviceBudgetCheck } from "./device-budget-check.js";
import { withEvaluatedModel } from "./evaluated-model.js";
import { fileBytesAt, type VariantSpec, variantFileBytes } from "./file-size.js";
import type { ErrorsReport } from "./measure-errors.js";
import type { ProbesReport } from "./measure-probes.js";
import { ProbeRunner } from "./probe-runner.js";
import { probeUnits } from "./probe-units.js";
import { type Refinement, refineChoice } from "./refine-choice.js";
import { withFeedback } from "./reusable-errors.js";
import { priorAlphas } from "./role-prior.js";
import { RoundedTensors } from "./rounded-tensors.js";
import { readPresetTypes, type TensorTypes, typeNames } from "./tensor-types.js";

export interface AllocateParams extends JsonObject {
  budget: VariantBudget;
  /** Types to choose from; null for `defaultTypes`. */
  types: readonly string[] | null;
  /** Manual rules, pattern to type, in recipe order; they fix the types of the matching tensors. */
  pins: readonly (readonly [pattern: string, type: string])[];
  /** The preset whose file type number goes into the file's metadata. */
  preset: string;
  /** Name under which the imatrix is published. */
  imatrixName: string;
  /** Whether to improve the choice by measuring it, see `refineChoice`; requires probes. */
  refine: boolean;
  rounding: Rounding;
  /** Whether tensors that the base has in a quantized type may get a smaller one. */
  allowRequantize: boolean;
}

/** `allocation.json`. Sizes are of whole files, in bytes; KLD is in nats. */
export interface AllocationReport {
  budget: VariantBudget;
  budgetBytes: number;
  fileBytes: number;
  /** Null without probes: the prior used instead only ranks tensors. */
  predictedKld: number | null;
  /** Upper bound, relative, on the gain of an optimal solver under the same prediction. */
  boundGap: number;
  /** The probes behind the choice; null if the prior was used. */
  probes: { effort: ProbesReport["effort"]; count: number; corpus: string; chunks: number; context: number } | null;
  /** Mean KL divergence on the search text before and after refinement; null without refinement. */
  refinement: { startKld: number; kld: number; rounds: number; exchanges: number } | null;
  /** The type of each tensor that llama-quantize would quantize; `readAllocatedTypes` reads it. */
  types: Record<string, string>;
  /** The memory it needs on the budget device; absent for other budgets. */
  device?: DeviceProof;
}

/**
 * Chooses a type for every tensor of one variant within its budget. Inputs `model`, optional `imatrix`, `errors`,
 * optional `probes`; with refinement `base` (logits), optional `evaluated` (a copy that is measured instead of the model) and, with error feedback, `moments`; with a device budget optional `projector`; output `allocation.json`.
 * Errors: QS-ALLOCATE-*, QS-QUANTIZE-RULE, QS-INPUT-CHANGED; QS-MEMORY-* for a device; QS-VALIDATE-*, QS-GGML-* for
 * refinement.
 */
export const allocateVariant: Operation<AllocateParams> = {
  id: "allocate-variant",
  stage: "allocate",
  version: 5,
  resource: "compute",
  usesDevices: ({ refine }) => refine,
  tools: ["llama.cpp", "node-llama-cpp"],
  prepare: async (params, context) => {
    const model = requiredInput(context, "model");
    const measured = await readReport<ErrorsReport>(requiredInput(context, "errors"));
    const pins = keepQuantized(rulesOf(params, measured), await readGguf(model), params.allowRequantize);
    const warnings = choiceWarnings(measured.tensors, params.types ?? defaultTypes, pins);
    return { bytes: choiceBytes(params, (await stat(model)).size), warnings };
  },
  async run(params, context) {
    const { budget, imatrixName, preset, rounding } = params;
    const measured = await readReport<ErrorsReport>(requiredInput(context, "errors"));
    const table = rounding === "feedback" ? withFeedback(measured) : measured;
    const probes = await readProbes(context);
    const base = await readGguf(requiredInput(context, "model"));
    const mtp = measured.mtp ?? [];
    const rules = rulesOf(params, measured);
    requireSmaller(rules, base, "the recipe's rule");
    const pins = keepQuantized(rules, base, params.allowRequantize);
    const fixed = new Map([...mtpTypes(base, mtp), ...[...pins].filter(([name]) => mtp.includes(name))]);
    const spec = { base, imatrix: await openImatrix(context), imatrixName, preset, rounding, fixed };
    const alphas = probes === null ? priorAlphas(table) : probedAlphas(probes);
    const own = [...quantizedTensors(base).values()].map(({ name }) => name);
    const types = [...new Set([...(params.types ?? defaultTypes), ...own])];
    const inputs = { spec, table, alphas, types, pins };
    const { start, options, prove } = await initialChoice(budget, inputs, context);
    const refined = params.refine && probes !== null ? await refine(start, options, rounding, context) : undefined;
    const proved = await prove?.(refined?.choice);
    const choice = proved?.choice ?? refined?.choice ?? start;
    const report: AllocationReport = {
      budget,
      budgetBytes: options.budgetBytes,
      fileBytes: choice.fileBytes,
      predictedKld: probes === null ? null : choice.predictedKld,
      boundGap: choice.boundGap,
      probes: probes === null ? null : summary(probes),
      refinement: refined === undefined ? null : refinementSummary(refined),
      types: typeNames(new Map([...choice.types, ...fixed])),
      ...(proved === undefined ? {} : { device: proved.proof }),
    };
    await writeReport(context, "allocation.json", report);
    return refined?.report ?? {};
  },
};

/** Returns the most bytes that the choice of types writes beside its report, for a base of `modelBytes`. */
export function choiceBytes({ refine, rounding }: AllocateParams, modelBytes: number): number {
  // Refinement writes the values of all tensors, and rounded tensors of up to half their size.
  return refine ? modelBytes * (rounding === "feedback" ? 2 : 1) : 0;
}

/** Returns the types that the recipe's rules fix. */
function rulesOf({ pins }: AllocateParams, { tensors, mtp = [] }: ErrorsReport): TensorTypes {
  return resolveTensorRules(Object.fromEntries(pins), [...tensors.map(({ name }) => name), ...mtp]);
}

/** Returns the best choice by prediction. For a device budget, `prove` verifies the final choice. */
async function initialChoice(
  budget: VariantBudget,
  inputs: Omit<TypeChoiceOptions, "budgetBytes">,
  context: StageContext,
): Promise<Pick<DeviceTypeChoice, "start" | "options"> & Partial<Pick<DeviceTypeChoice, "prove">>> {
  if (budget.kind === "device")
    return chooseTypesForDevice(inputs, new DeviceBudgetCheck(budget, inputs.spec, context));
  const options = { ...inputs, budgetBytes: await bytesOf(budget, inputs.spec, context) };
  return { start: chooseTypes(options), options };
}

type Refined = Refinement & { report: OperationReport };

/** Refines the choice on the search text. Measurements of a killed run are reused. */
async function refine(
  start: TypeChoice,
  options: TypeChoiceOptions,
  rounding: Rounding,
  context: StageContext,
): Promise<Refined> {
  const measuring = withEvaluatedModel(context);
  const source = await openSource(measuring);
  const rounded = rounding === "feedback" ? await RoundedTensors.open(context) : undefined;
  return withPool(context, async (pool) => {
    const runner = await ProbeRunner.open(measuring, source, pool, rounded);
    try {
      let done = 0;
      const refinement = await refineChoice({
        start,
        alphas: options.alphas,
        units: probeUnits(options.table.tensors, "groups"),
        budgetBytes: options.budgetBytes,
        choose: (alphas) => chooseTypes({ ...options, alphas }),
        items: (alphas) => typeItems({ ...options, alphas }),
        change: (choice, types, alphas) => changeTypes(choice, types, { ...options, alphas }),
        measure: async (types) => {
          const probe = await runner.measureTypes(changedTypes(types, options.spec.base));
          context.progress({ done: ++done, total: done, unit: "probe" });
          return probe;
        },
      });
      return { ...refinement, report: await runner.finish() };
    } finally {
      await runner.close();
    }
  });
}

/** Returns the types of those tensors that the base does not have in them already. */
function changedTypes(types: ReadonlyMap<string, string>, { tensors }: VariantSpec["base"]): Map<string, string> {
  const own = new Map(tensors.map(({ name, type }) => [name, type.name]));
  return new Map([...types].filter(([name, type]) => own.get(name) !== type));
}

function refinementSummary({ startKld, kld, rounds, exchanges }: Refinement): AllocationReport["refinement"] {
  return { startKld, kld, rounds, exchanges };
}

async function readProbes(context: StageContext): Promise<ProbesReport | null> {
  return (await readReport<ProbesReport>(context.input("probes"))) ?? null;
}

function probedAlphas({ probes }: ProbesReport): Map<string, number> {
  return new Map(probes.flatMap(({ tensors, alpha }) => tensors.map((name) => [name, alpha] as const)));
}

function summary({ effort, probes, corpus, chunks, context }: ProbesReport): AllocationReport["probes"] {
  return { effort, count: probes.length, corpus, chunks, context };
}

async function bytesOf(
  budget: Exclude<VariantBudget, DeviceBudget>,
  spec: VariantSpec,
  context: StageContext,
): Promise<number> {
  switch (budget.kind) {
    case "bytes":
      return budget.bytes;
    case "bitsPerWeight":
      return fileBytesAt(spec, budget.bitsPerWeight);
    case "sizeOf":
      return variantFileBytes(
        { ...spec, preset: budget.preset },
        await readPresetTypes(requiredInput(context, "errors")),
      );
  }
}
