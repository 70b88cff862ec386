import { join } from "node:path";
import type { SnapshotReport } from "../checkpoint/snapshot-report.js";
import { formatMegabytes, smokeCell } from "../release/figures.js";
import { count } from "../util/count.js";
import type { AllocationReport } from "./allocate/allocate-variant.js";
import type { ErrorsReport } from "./allocate/measure-errors.js";
import type { ProbesReport } from "./allocate/measure-probes.js";
import type { CalibrateReport } from "./calibrate/calibrate.js";
import type { SampleTextReport } from "./calibrate/sample-text.js";
import type { ConvertReport } from "./convert/convert-report.js";
import type { QuantizeReport } from "./quantize/quantize.js";
import type { SmokeBaseReport } from "./smoke/smoke-base.js";
import type { SmokeReport } from "./smoke/smoke-report.js";
import { readReport } from "./step-files.js";
import type { BaseReport } from "./validate/base-logits.js";
import type { StructureReport } from "./validate/check-structure.js";
import type { ValidateReport } from "./validate/validate-variant.js";

/** Describes a step's report, by the file's name. A variant's row has a column each for size, KLD and smoke test. */
const describers: Readonly<Record<string, (report: never) => string>> = {
  "snapshot.json": ({ architecture, files }: SnapshotReport) =>
    `${architecture}, ${count(files.length, "file")}, ${formatMegabytes(files.reduce((sum, { bytes }) => sum + bytes, 0))}`,
  "convert.json": ({ types, bytes }: ConvertReport) =>
    `${count(
      Object.values(types).reduce((sum, tensors) => sum + tensors, 0),
      "tensor",
    )}, ${formatMegabytes(bytes)}`,
  "sample.json": ({ tokens }: SampleTextReport) => `${count(tokens, "token")} sampled`,
  "calibrate.json": ({ chunks, context }: CalibrateReport) =>
    `imatrix of ${count(chunks, "chunk")} of ${context} tokens`,
  "base.json": ({ perplexity }: BaseReport) => `perplexity ${perplexity.toFixed(2)}`,
  "smoke-base.json": ({ answers }: SmokeBaseReport) => count(answers.length, "answer"),
  "errors.json": ({ tensors }: ErrorsReport) => `errors of ${count(tensors.length, "tensor")}`,
  "probes.json": ({ probes }: ProbesReport) => count(probes.length, "probe"),
  "allocation.json": ({ fileBytes }: AllocationReport) => formatMegabytes(fileBytes),
  "quantize.json": ({ bytes }: QuantizeReport) => formatMegabytes(bytes),
  "structure.json": ({ problems }: StructureReport) => (problems.length === 0 ? "" : "damaged"),
  "quality.json": ({ kldMean, kldMeanError, breaches }: ValidateReport) =>
    `${kldMean.toFixed(5)} ± ${kldMeanError.toFixed(5)}${breaches.length === 0 ? "" : " (failed)"}`,
  "smoke.json": (report: SmokeReport) => smokeCell(report),
};

/**
 * Returns what a finished step found, in a few words, from the report among its output files; "" without a readable one,
 * since the step that needs the report fails then.
 */
export async function describeResult(folder: string, outputs: readonly { path: string }[]): Promise<string> {
  const name = outputs.map(({ path }) => path).find((path) => Object.hasOwn(describers, path)) ?? "";
  try {
    return describers[name]?.((await readReport(join(folder, name))) as never) ?? "";
  } catch {
    return "";
  }
}
