import { decodeRows } from "../src/hardware/speed/decode-rows.js";
import {
  baselineEfficiency,
  type HeldOutRow,
  heldOut,
  heldOutOnKnownChips,
  meanError,
} from "../src/hardware/speed/held-out.js";
import { median } from "../src/hardware/speed/quantile.js";
import type { SpeedConstants } from "../src/hardware/speed/speed-constants.js";
import { loadSpeedConstants, loadSpeedData } from "../src/hardware/speed/speed-files.js";

/**
 * Prints the held-out error of the decode model on the published measurements: every chip is predicted from the others,
 * and compared with a constant efficiency. Prints the share of measurements within the published ranges. Ends with chips
 * that have other measurements.
 */
export async function reportSpeedFit(print: (line: string) => void): Promise<void> {
  const constants = await loadSpeedConstants();
  const rows = decodeRows(await loadSpeedData());
  const held = heldOut(rows);
  print("decode speed: mean |predicted - measured| / measured (median) on published measurements");
  print(`${"chips held out".padEnd(16)} rows chips      model  constant ${baselineEfficiency}  in range`);
  const line = (name: string, own: readonly HeldOutRow[], spread: (row: HeldOutRow) => Spread | undefined) => {
    const chips = new Set(own.map(({ chip }) => chip)).size;
    const covered = own.filter((row) => inside(row, spread(row))).length / own.length;
    const counts = `${String(own.length).padStart(4)} ${String(chips).padStart(5)}`;
    print(
      `${name.padEnd(16)} ${counts} ${errors(own, "predicted")}  ${errors(own, "usual")}  ${percent(covered).padStart(8)}`,
    );
  };
  const ofBackend = ({ backend }: HeldOutRow) => constants.backends.find((one) => one.backend === backend)?.spread;
  for (const backend of new Set(held.map((row) => row.backend))) {
    const own = held.filter((row) => row.backend === backend);
    line(backend, own, ofBackend);
  }
  line("all", held, ofBackend);
  line("known chips", heldOutOnKnownChips(rows), () => constants.knownChips.spread);
}

type Spread = SpeedConstants["knownChips"]["spread"];

function inside({ measured, predicted }: HeldOutRow, spread: Spread | undefined): boolean {
  return spread !== undefined && measured >= predicted * spread.low && measured <= predicted * spread.high;
}

function errors(rows: readonly HeldOutRow[], of: "predicted" | "usual"): string {
  const middle = median(rows.map((row) => Math.abs(row[of] / row.measured - 1)));
  return `${percent(meanError(rows, of)).padStart(6)} (${percent(middle)})`.padStart(15);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}
