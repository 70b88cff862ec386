import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import { packageRoot } from "../../util/package-root.js";
import { type SpeedConstants, speedConstants } from "./speed-constants.js";
import { type SpeedData, speedData } from "./speed-data.js";

/** Published measurements, part of the package. */
const measurementsFile = new URL("devices/speed/measurements.yaml", packageRoot);
/** Constants that `npm run derive-speed` fits to the measurements. */
export const constantsFile = new URL("devices/speed/constants.json", packageRoot);

export async function loadSpeedData(): Promise<SpeedData> {
  return speedData.parse(parse(await readFile(measurementsFile, "utf8")));
}

/** Loads the constants of `decodeSpeed` and `prefillSpeed`. */
export async function loadSpeedConstants(): Promise<SpeedConstants> {
  return speedConstants.parse(JSON.parse(await readFile(constantsFile, "utf8")));
}
