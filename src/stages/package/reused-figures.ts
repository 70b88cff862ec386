import * as z from "zod";
import type { RunReport, VariantReport } from "../../release/release-report.js";
import { QuantsmithError } from "../../util/errors.js";
import { readRegular } from "../../util/regular-file.js";
import type { WarningCode } from "../../util/warning-codes.js";
import { distinctWarnings } from "../../util/warnings.js";
import type { StageContext } from "../stage.js";
import { readReport } from "../step-files.js";
import type { CollectedVariant } from "./collect-variant.js";
import type { PackageParams } from "./package-params.js";

/* The figures of a release whose tensors a new one has: they were measured with the same tensors. */

/** Inputs of the package step: its `release.json` and `tensors.json`. */
export const reusedReport = "reused:report";
export const reusedTensors = "reused:tensors";

/** Name of a variant's tensor rules in a release. */
export const rulesFile = (variant: string) => `${variant}.tensor-types.txt`;

/** Returns the report of the release whose tensors this one has; undefined for a release with its own. */
export async function readReused({ input }: Pick<StageContext, "input">): Promise<RunReport | undefined> {
  return readReport<RunReport>(input(reusedReport));
}

/**
 * Adds the figures of the reused release to a variant with the same tensors. A variant that the new header makes larger
 * than its budget does not pass; the budget of a preset's size grows with the header, as that preset would.
 */
export function withReusedFigures(
  { report, reasons }: CollectedVariant,
  reused: Pick<RunReport, "variants">,
  { tensorsFrom }: PackageParams,
): CollectedVariant {
  const former = reused.variants.find(({ name }) => name === report.name);
  if (former === undefined) throw new Error(`${report.name} is not in the reused release`);
  const { quality, comparator, tasks, allocation } = former;
  const grows = tensorsFrom?.budgetsOfPresets.includes(report.name) === true;
  const budgetBytes = (allocation?.budgetBytes ?? 0) + (grows ? Math.max(0, report.bytes - former.bytes) : 0);
  const measured: VariantReport = {
    ...report,
    ...(allocation && { allocation: { ...allocation, budgetBytes } }),
    quality,
    ...(comparator && { comparator }),
    ...(tasks && { tasks }),
  };
  if (allocation === undefined || report.bytes <= budgetBytes) return { report: measured, reasons };
  const text = `its new header makes it larger than its budget of ${budgetBytes} bytes`;
  const all = [...reasons, { kind: "structure" as const, text }];
  return { report: { ...measured, gate: "failed", reasons: all.map((reason) => reason.text) }, reasons: all };
}

/** Returns a report with the results of the steps that a release with reused tensors does not repeat. */
export function withReusedResults(report: RunReport, reused: RunReport, params: PackageParams): RunReport {
  const { base, calibration, toolchain, compute, warnings = [] } = reused;
  const { tensorsFrom } = params;
  if (tensorsFrom === undefined) throw new Error("the step was planned without the release of its tensors");
  const { release, checksums } = tensorsFrom;
  return {
    ...report,
    base,
    ...(calibration && { calibration }),
    toolchain,
    ...(compute && { compute }),
    tensorsFrom: { release, checksums, toolchain: params.toolchain },
    warnings: distinctWarnings([...(report.warnings ?? []), ...warnings.filter(({ code }) => isOfTensors(code))]),
  };
}

const ofTensors: readonly WarningCode[] = [
  ...(["QW-QUANTIZE-RULE", "QW-QUANTIZE-FALLBACK", "QW-QUANTIZE-MTP", "QW-LABEL-SIZE"] as const),
  ...(["QW-VARIANT-POINTLESS", "QW-TASK-QUESTIONS", "QW-TOKENIZER-EOS"] as const),
];

/** Whether a warning is of a step that is not repeated. */
function isOfTensors(code: string): boolean {
  return ofTensors.some((known) => known === code);
}

const tensorFigures = z.object({
  variants: z.record(
    z.string(),
    z.array(
      z.object({
        name: z.string(),
        error: z.number().nullable(),
        alpha: z.number().nullable(),
        lossRatio: z.number().nullable(),
      }),
    ),
  ),
});

/** The measurements of a tensor in `tensors.json`. */
export type TensorFigures = z.output<typeof tensorFigures>["variants"][string][number];

/**
 * Reads the measurements of a variant's tensors, by name, from the `tensors.json` of a release; undefined without one.
 * Errors: QS-WATCH-RELEASE for other content.
 */
export async function readTensorFigures(
  path: string | undefined,
  variant: string,
): Promise<Map<string, TensorFigures> | undefined> {
  if (path === undefined) return undefined;
  const { variants } = parseFigures(String(await readRegular(path)));
  return new Map(variants[variant]?.map((figures) => [figures.name, figures]));
}

function parseFigures(text: string): z.output<typeof tensorFigures> {
  try {
    return tensorFigures.parse(JSON.parse(text));
  } catch {
    throw new QuantsmithError("QS-WATCH-RELEASE", "tensors.json of the reused release has no figures of its tensors", {
      remedy: "Build the release again with `quantsmith run --publish`.",
    });
  }
}
