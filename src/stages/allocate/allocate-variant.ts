import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readGguf } from "../../gguf/read-header.js";
import { quantizeDryRun } from "../../llamacpp/quantize-dry-run.js";
import type { ErrorTable } from "../../quant/error-table.js";
import type { JsonObject } from "../../util/canonical-json.js";
import { tensorTypeFile } from "../quantize/tensor-rules.js";
import { type Operation, requiredInput, type StageContext } from "../stage.js";
import { linkInput, readReport, toolRun, writeReport } from "../step-files.js";
import { defaultTypes, knownType } from "./candidates.js";
import { chooseTypes } from "./choose-types.js";
import { fileBytesAt, type VariantMakings, variantFileBytes } from "./file-size.js";
import type { ProbesReport } from "./measure-probes.js";
import { priorAlphas } from "./role-prior.js";
import { openImatrix } from "./source.js";

// An alias, not an interface: interfaces are not assignable to a step's JSON parameters.
/** What limits a variant's size, as the recipe gives it. */
export type VariantBudget =
  | { kind: "sizeOf"; preset: string }
  | { kind: "bitsPerWeight"; bitsPerWeight: number }
  | { kind: "bytes"; bytes: number };

export interface AllocateParams extends JsonObject {
  budget: VariantBudget;
  /** Types to choose from; null for the usual ones. */
  types: readonly string[] | null;
  /** The preset whose number labels the file. */
  preset: string;
  /** Name under which the imatrix is published. */
  imatrixName: string;
}

/** `allocation.json`. Bytes are of whole files, KLD in nats. */
export interface AllocationReport {
  budget: VariantBudget;
  budgetBytes: number;
  fileBytes: number;
  /** Null without probes, whose place a prior takes that only ranks. */
  predictedKld: number | null;
  /** Upper bound, relative, of what a better solver could gain under the same prediction. */
  boundGap: number;
  /** What the choice rests on; null is the prior. */
  probes: { effort: ProbesReport["effort"]; count: number; corpus: string; chunks: number; context: number } | null;
  types: Record<string, string>;
}

/**
 * Chooses a type for every tensor of one variant within its budget. Inputs `model`, optional `imatrix`, `errors`,
 * optional `probes`; outputs `tensor-types.txt`, which plain llama-quantize takes too, and `allocation.json`.
 * Errors: QS-ALLOCATE-BUDGET, QS-QUANTIZE-FAILED.
 */
export const allocateVariant: Operation<AllocateParams> = {
  stage: "allocate",
  version: 1,
  resource: "compute",
  tools: ["llama.cpp"],
  async run(params, context) {
    const { budget, imatrixName, preset } = params;
    const table = await readReport<ErrorTable>(requiredInput(context, "errors"));
    const probes = await readProbes(context);
    const base = await readGguf(requiredInput(context, "model"));
    const makings = { base, imatrix: await openImatrix(context), imatrixName, preset };
    const budgetBytes = await bytesOf(budget, makings, context);
    const choice = chooseTypes({
      makings,
      table,
      alphas: probes === null ? priorAlphas(table) : probedAlphas(probes),
      types: params.types ?? defaultTypes,
      budgetBytes,
    });
    const types = new Map([...choice.types].map(([name, type]) => [name, type.name]));
    await writeFile(join(context.out, "tensor-types.txt"), tensorTypeFile(types));
    const report: AllocationReport = {
      budget,
      budgetBytes,
      fileBytes: choice.fileBytes,
      predictedKld: probes === null ? null : choice.predictedKld,
      boundGap: choice.boundGap,
      probes: probes === null ? null : summary(probes),
      types: Object.fromEntries(types),
    };
    await writeReport(context, "allocation.json", report);
    return {};
  },
};

async function readProbes(context: StageContext): Promise<ProbesReport | null> {
  return (await readReport<ProbesReport>(context.input("probes"))) ?? null;
}

function probedAlphas({ probes }: ProbesReport): Map<string, number> {
  return new Map(probes.flatMap(({ tensors, alpha }) => tensors.map((name) => [name, alpha] as const)));
}

function summary({ effort, probes, corpus, chunks, context }: ProbesReport): AllocationReport["probes"] {
  return { effort, count: probes.length, corpus, chunks, context };
}

async function bytesOf(budget: VariantBudget, makings: VariantMakings, context: StageContext): Promise<number> {
  switch (budget.kind) {
    case "bytes":
      return budget.bytes;
    case "bitsPerWeight":
      return fileBytesAt(makings, budget.bitsPerWeight);
    case "sizeOf":
      return presetFileBytes({ ...makings, preset: budget.preset }, context);
  }
}

/** What the preset itself would weigh, made from the same base with the same imatrix. */
async function presetFileBytes(makings: VariantMakings, context: StageContext): Promise<number> {
  const plan = await quantizeDryRun({
    ...(await toolRun(context)),
    model: await linkInput(context, "model", "model.gguf"),
    type: makings.preset,
    // Some presets choose other types when there is an imatrix.
    ...(makings.imatrix === undefined ? {} : { imatrix: await linkInput(context, "imatrix", makings.imatrixName) }),
  });
  const types = new Map(plan.tensors.map(({ name, toType }) => [name, knownType(toType)]));
  return variantFileBytes(makings, types);
}
