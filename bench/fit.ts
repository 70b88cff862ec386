import { resolveToolchain } from "../src/llamacpp/toolchain/toolchain.js";
import { benchFiles } from "./fit/bench-files.js";
import { compareFitParams } from "./fit/compare-fit-params.js";
import { compareHeaders } from "./fit/compare-headers.js";
import { comparePeaks } from "./fit/compare-peaks.js";
import { timeGrid } from "./fit/time-grid.js";
import { reportSpeedFit } from "./speed-fit.js";

/**
 * Compares predicted memory with measured peaks on this machine, with llama-fit-params, and with predictions from
 * headers alone. Measures the time of a whole grid and the error of predicted speeds on held-out chips. Linux only,
 * since peaks are read from /proc. Takes ten minutes on two cores.
 */
export async function benchFit(print: (line: string) => void): Promise<void> {
  if (process.platform !== "linux")
    return print("skipped: memory peaks are read from /proc, which exists only on Linux");
  const toolchain = await resolveToolchain();
  const files = await benchFiles(toolchain, print);
  await comparePeaks(files, toolchain, print);
  await compareFitParams(files, toolchain, print);
  await compareHeaders(files, print);
  await timeGrid(print);
  await reportSpeedFit(print);
}
