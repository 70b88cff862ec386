import type { BackendId } from "../catalog/device.js";
import type { DecodeRow } from "./decode-rows.js";
import { type DecodeFit, fitDecode, fittedSeconds } from "./fit-decode.js";
import { median } from "./quantile.js";

/** The efficiency that people assume for every device; the model has to do better. */
export const baselineEfficiency = 0.55;

/** A measurement beside what was predicted without any measurement of its chip. Speeds in tokens per second. */
export interface HeldOutRow {
  chip: string;
  backend: BackendId;
  measured: number;
  predicted: number;
  /** bandwidth × 0.55 / bytes. */
  usual: number;
}

/** The fit of one backend, with what all rows have in common in place of what its own do not tell. */
export function fitBackend(rows: readonly DecodeRow[], backend: BackendId): DecodeFit | undefined {
  const own = rows.filter((row) => row.backend === backend);
  const common = median(rows.map(({ seconds, idealSeconds }) => seconds / idealSeconds));
  return own.length === 0 ? undefined : fitDecode(own, common);
}

/** Leave one chip out: every measurement predicted from other chips. Those of a backend's only chip cannot be. */
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
 * Leave one measurement out: predicted from the backend's others, times what the chip's own others differ from such
 * predictions. Only measurements of chips that were measured more than once on that backend.
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

/** Measured over fitted speed of one chip, the middle of its measurements. */
export function chipFactor(own: readonly DecodeRow[], fit: DecodeFit): number {
  return median(own.map((row) => fittedSeconds(fit, row) / row.seconds));
}

/** Mean of |predicted − measured| / measured. */
export function meanError(rows: readonly HeldOutRow[], of: "predicted" | "usual"): number {
  return rows.reduce((sum, row) => sum + Math.abs(row[of] / row.measured - 1), 0) / rows.length;
}
