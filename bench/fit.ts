import { resolveToolchain } from "../src/llamacpp/toolchain/toolchain.js";
import { benchFiles } from "./fit/bench-files.js";
import { compareFitParams } from "./fit/compare-fit-params.js";
import { compareHeaders } from "./fit/compare-headers.js";
import { comparePeaks } from "./fit/compare-peaks.js";
import { timeGrid } from "./fit/time-grid.js";
import { reportSpeedFit } from "./speed-fit.js";

/**
 * Predicted memory against what processes take on this machine, against llama-fit-params, and from headers alone; the
 * time a whole grid takes; and how well speeds are foretold on chips that were held out. Linux only: the kernel's high-water mark is read from /proc. Ten minutes on two cores.
 */
export async function benchFit(print: (line: string) => void): Promise<void> {
  if (process.platform !== "linux") return print("left out: peaks of memory are read from /proc, which only Linux has");
  const toolchain = await resolveToolchain();
  const files = await benchFiles(toolchain, print);
  await comparePeaks(files, toolchain, print);
  await compareFitParams(files, toolchain, print);
  await compareHeaders(files, print);
  await timeGrid(print);
  await reportSpeedFit(print);
}
