import type { BackendId } from "../hardware/device.js";
import { decodeRows } from "../hardware/speed/decode-rows.js";
import { type HeldOutRow, heldOut, meanError, usualEfficiency } from "../hardware/speed/held-out.js";
import { median } from "../hardware/speed/quantile.js";
import { loadSpeedConstants, loadSpeedData } from "../stages/hardware/speed-files.js";

/**
 * Held-out error of the decode model on the published measurements, beside a constant efficiency: every chip is predicted
 * from the others. The mean relative error, and the share of measurements that lie in the published ranges.
 */
export async function reportSpeedFit(print: (line: string) => void): Promise<void> {
  const constants = await loadSpeedConstants();
  const rows = heldOut(decodeRows(await loadSpeedData()));
  print(`decode speed, chips held out of the fit: mean |predicted - measured| / measured (median)`);
  print(`${"".padEnd(14)} rows chips      model  constant ${usualEfficiency}  in range`);
  const inRange = ({ backend, measured, predicted }: HeldOutRow) => {
    const spread = constants.backends.find((one) => one.backend === backend)?.spread;
    return spread !== undefined && measured >= predicted * spread.low && measured <= predicted * spread.high;
  };
  const line = (name: string, own: readonly HeldOutRow[]) => {
    const chips = new Set(own.map(({ chip }) => chip)).size;
    const covered = own.filter(inRange).length / own.length;
    print(
      `${name.padEnd(14)} ${String(own.length).padStart(4)} ${String(chips).padStart(5)} ${errors(own, "predicted")}   ${errors(own, "usual")}    ${percent(covered).padStart(5)}`,
    );
  };
  for (const backend of new Set<BackendId>(rows.map((row) => row.backend))) {
    line(
      backend,
      rows.filter((row) => row.backend === backend),
    );
  }
  line("all", rows);
}

function errors(rows: readonly HeldOutRow[], of: "predicted" | "usual"): string {
  const middle = median(rows.map((row) => Math.abs(row[of] / row.measured - 1)));
  return `${percent(meanError(rows, of)).padStart(6)} (${percent(middle)})`.padStart(15);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}
