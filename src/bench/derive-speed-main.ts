#!/usr/bin/env node
import { writeFileSync } from "node:fs";
import { stringify } from "yaml";
import { deriveConstants } from "../hardware/speed/derive-constants.js";
import { constantsFile, loadSpeedData } from "../stages/hardware/speed-files.js";
import { reportSpeedFit } from "./speed-fit.js";

/** `npm run derive-speed`: fits `devices/speed/constants.yaml` to the measurements beside it, and tells how good the fit is. */
const head = "# Written by `npm run derive-speed` from measurements.yaml. Do not edit.\n";
writeFileSync(
  constantsFile,
  head + stringify(deriveConstants(await loadSpeedData()), { aliasDuplicateObjects: false }),
);
await reportSpeedFit((line) => process.stdout.write(`${line}\n`));
