import type { BackendId } from "../catalog/device.js";
import { type DecodeRow, decodeRows } from "./decode-rows.js";
import { derivePrefill } from "./derive-prefill.js";
import { chipFactor, fitBackend, type HeldOutRow, heldOut, heldOutOnKnownChips, meanError } from "./held-out.js";
import { quantile, threeDigits } from "./quantile.js";
import type { BackendSpeed, SpeedConstants } from "./speed-constants.js";
import type { SpeedData } from "./speed-data.js";

/** With fewer chips, the spread of a backend also includes that of all backends. */
const minChips = 5;

/** Derives the constants from the published measurements. */
export function deriveConstants(data: SpeedData): SpeedConstants {
  const rows = decodeRows(data);
  const held = heldOut(rows);
  const known = heldOutOnKnownChips(rows);
  const backends = [...new Set(rows.map(({ backend }) => backend))]
    .sort()
    .flatMap((backend) => deriveBackend(backend, data, rows, held));
  const shares = backends.flatMap(({ byClass, efficiency }) => Object.values(byClass).map((own) => own / efficiency));
  return {
    version: 1,
    heldOut: {
      rows: held.length,
      chips: new Set(held.map(({ chip }) => chip)).size,
      error: threeDigits(meanError(held, "predicted")),
      usualError: threeDigits(meanError(held, "usual")),
    },
    knownChips: {
      rows: known.length,
      error: threeDigits(meanError(known, "predicted")),
      spread: outwards(tenths(known)),
    },
    unmeasuredClass: threeDigits(Math.min(1, ...shares)),
    smallestBytes: threeDigits(Math.min(...rows.map(({ activeBytes }) => activeBytes))),
    backends,
    prefill: derivePrefill(data),
  };
}

function deriveBackend(
  backend: BackendId,
  data: SpeedData,
  all: readonly DecodeRow[],
  held: readonly HeldOutRow[],
): BackendSpeed[] {
  const fit = fitBackend(all, backend);
  if (fit === undefined) return [];
  const rows = all.filter((row) => row.backend === backend);
  const names = [...new Set(rows.map(({ chip }) => chip))].sort();
  const own = tenths(held.filter((row) => row.backend === backend));
  const measured = data.measurements.filter((row) => row.backend === backend);
  return [
    {
      backend,
      overheadSeconds: threeDigits(fit.overheadSeconds),
      efficiency: threeDigits(fit.efficiency),
      byClass: Object.fromEntries(Object.entries(fit.byClass).map(([name, value]) => [name, threeDigits(value)])),
      spread: outwards(names.length >= minChips ? own : widest(held, backend)),
      rows: rows.length,
      chips: names.map((chip) => {
        const ofChip = rows.filter((row) => row.chip === chip);
        const name = data.chips[chip]?.name ?? chip;
        const classes = [...new Set(ofChip.map((row) => row.class))].sort();
        return { name, factor: threeDigits(chipFactor(ofChip, fit)), rows: ofChip.length, classes };
      }),
      sources: [...new Set(measured.map(({ source }) => source))].sort(),
    },
  ];
}

interface Bounds {
  low: number;
  high: number;
}

function tenths(rows: readonly HeldOutRow[]): Bounds {
  const ratios = rows.map(({ measured, predicted }) => measured / predicted);
  return { low: quantile(ratios, 0.1), high: quantile(ratios, 0.9) };
}

/** The spread over all backends, extended to all measurements of this one. */
function widest(rows: readonly HeldOutRow[], backend: BackendId): Bounds {
  const everywhere = tenths(rows);
  const own = rows.filter((row) => row.backend === backend).map(({ measured, predicted }) => measured / predicted);
  return { low: Math.min(everywhere.low, ...own), high: Math.max(everywhere.high, ...own) };
}

function outwards({ low, high }: Bounds): Bounds {
  return { low: threeDigits(low, "down"), high: threeDigits(high, "up") };
}
