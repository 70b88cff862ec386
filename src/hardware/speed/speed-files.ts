import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import { packageRoot } from "../../util/package-root.js";
import { type SpeedConstants, speedConstants } from "./speed-constants.js";
import { type SpeedData, speedData } from "./speed-data.js";

/** The published measurements that come with quantsmith. */
export const measurementsFile = new URL("devices/speed/measurements.yaml", packageRoot);
/** What `npm run derive-speed` made of them. */
export const constantsFile = new URL("devices/speed/constants.json", packageRoot);

export async function loadSpeedData(): Promise<SpeedData> {
  return speedData.parse(parse(await readFile(measurementsFile, "utf8")));
}

/** What `decodeSpeed` and `prefillSpeed` reckon with. */
export async function loadSpeedConstants(): Promise<SpeedConstants> {
  return speedConstants.parse(JSON.parse(await readFile(constantsFile, "utf8")));
}
