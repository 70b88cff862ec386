import type { BackendId } from "../device.js";
import { decodeRows } from "./decode-rows.js";
import { derivePrefill } from "./derive-prefill.js";
import { fitBackend, heldOut, meanError } from "./held-out.js";
import { quantile, threeDigits } from "./quantile.js";
import type { BackendSpeed, SpeedConstants } from "./speed-constants.js";
import type { SpeedData } from "./speed-data.js";

/** Fewer chips than this do not tell how much chips differ; what all backends together tell is used as well. */
const enoughChips = 5;

/** The constants that the published measurements amount to. */
export function deriveConstants(data: SpeedData): SpeedConstants {
  const rows = decodeRows(data);
  const held = heldOut(rows);
  const ratios = (backend?: BackendId) =>
    held.filter((row) => backend === undefined || row.backend === backend).map((row) => row.measured / row.predicted);
  const everywhere = tenths(ratios());
  const backends = [...new Set(rows.map(({ backend }) => backend))].sort().flatMap((backend): BackendSpeed[] => {
    const fit = fitBackend(rows, backend);
    if (fit === undefined) return [];
    const chips = new Set(rows.filter((row) => row.backend === backend).map(({ chip }) => chip)).size;
    const own = ratios(backend);
    const spread =
      chips >= enoughChips
        ? tenths(own)
        : { low: Math.min(everywhere.low, ...own), high: Math.max(everywhere.high, ...own) };
    const measured = data.measurements.filter((row) => row.backend === backend);
    return [
      {
        backend,
        overheadSeconds: threeDigits(fit.overheadSeconds),
        efficiency: threeDigits(fit.efficiency),
        byClass: Object.fromEntries(Object.entries(fit.byClass).map(([name, value]) => [name, threeDigits(value)])),
        spread: { low: threeDigits(spread.low, "down"), high: threeDigits(spread.high, "up") },
        rows: measured.length,
        chips,
        sources: [...new Set(measured.map(({ source }) => source))].sort(),
      },
    ];
  });
  const shares = backends.flatMap(({ byClass, efficiency }) => Object.values(byClass).map((own) => own / efficiency));
  return {
    version: 1,
    heldOut: {
      rows: held.length,
      chips: new Set(held.map(({ chip }) => chip)).size,
      error: threeDigits(meanError(held, "predicted")),
      usualError: threeDigits(meanError(held, "usual")),
    },
    unmeasuredClass: threeDigits(Math.min(1, ...shares)),
    backends,
    prefill: derivePrefill(data),
  };
}

function tenths(ratios: readonly number[]): { low: number; high: number } {
  return { low: quantile(ratios, 0.1), high: quantile(ratios, 0.9) };
}
