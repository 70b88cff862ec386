import { writeFileSync } from "node:fs";
import { reportSpeedFit } from "../bench/speed-fit.js";
import { deriveConstants } from "../src/hardware/speed/derive-constants.js";
import { constantsFile, loadSpeedData } from "../src/hardware/speed/speed-files.js";

/** `npm run derive-speed`: fits `devices/speed/constants.json` to the measurements beside it, and tells how good the fit is. */
writeFileSync(
  constantsFile,
  `${JSON.stringify(deriveConstants(await loadSpeedData()), null, 2)}
`,
);
await reportSpeedFit((line) => process.stdout.write(`${line}\n`));
