import type { BackendId } from "../catalog/device.js";
import type { DecodeRow } from "./decode-rows.js";
import { type DecodeFit, fitDecode, fittedSeconds } from "./fit-decode.js";
import { median } from "./quantile.js";

/** Commonly assumed efficiency of all devices; the baseline for the fit. */
export const baselineEfficiency = 0.55;

/** A held-out measurement and its predictions. Speeds in tokens per second. */
export interface HeldOutRow {
  chip: string;
  backend: BackendId;
  measured: number;
  predicted: number;
  /** Baseline: bandwidth × 0.55 / bytes. */
  usual: number;
}

/** Fits one backend, with the median slope of all rows as the prior. Undefined without rows of the backend. */
export function fitBackend(rows: readonly DecodeRow[], backend: BackendId): DecodeFit | undefined {
  const own = rows.filter((row) => row.backend === backend);
  const common = median(rows.map(({ seconds, idealSeconds }) => seconds / idealSeconds));
  return own.length === 0 ? undefined : fitDecode(own, common);
}

/** Leaves one chip out: predicts every measurement from other chips. Omits those of a backend's only chip. */
export function heldOut(rows: readonly DecodeRow[]): HeldOutRow[] {
  return [...new Set(rows.map(({ chip }) => chip))].flatMap((chip) => {
    const others = rows.filter((row) => row.chip !== chip);
    const fits = new Map<BackendId, DecodeFit | undefined>();
    return rows.flatMap((row) => {
      if (row.chip !== chip) return [];
      if (!fits.has(row.backend)) fits.set(row.backend, fitBackend(others, row.backend));
      const fit = fits.get(row.backend);
      if (fit === undefined) return [];
      const measured = 1 / row.seconds;
      const predicted = 1 / fittedSeconds(fit, row);
      return [{ chip, backend: row.backend, measured, predicted, usual: baselineEfficiency / row.idealSeconds }];
    });
  });
}

/**
 * Leaves one measurement out: predicts it from the backend's other measurements, times the factor of the chip's other
 * measurements. Omits chips with a single measurement on that backend.
 */
export function heldOutOnKnownChips(rows: readonly DecodeRow[]): HeldOutRow[] {
  return rows.flatMap((row) => {
    const others = rows.filter((other) => other !== row);
    const own = others.filter(({ chip, backend }) => chip === row.chip && backend === row.backend);
    const fit = own.length === 0 ? undefined : fitBackend(others, row.backend);
    if (fit === undefined) return [];
    const predicted = chipFactor(own, fit) / fittedSeconds(fit, row);
    const { chip, backend, seconds, idealSeconds } = row;
    return [{ chip, backend, measured: 1 / seconds, predicted, usual: baselineEfficiency / idealSeconds }];
  });
}

/** Returns measured over fitted speed of one chip, the median of its measurements. */
export function chipFactor(own: readonly DecodeRow[], fit: DecodeFit): number {
  return median(own.map((row) => fittedSeconds(fit, row) / row.seconds));
}

/** Returns the mean of |predicted − measured| / measured. */
export function meanError(rows: readonly HeldOutRow[], of: "predicted" | "usual"): number {
  return rows.reduce((sum, row) => sum + Math.abs(row[of] / row.measured - 1), 0) / rows.length;
}
