/** `npm run test:queue -- --models 20 --kills 5 [--seed 1]`: prints the findings and fails if there are any. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { formatBytes } from "../../src/util/bytes.js";
import { queueTrial } from "./queue-faults.js";

const { values } = parseArgs({
  options: {
    models: { type: "string", default: "20" },
    kills: { type: "string", default: "5" },
    seed: { type: "string", default: "1" },
  },
});
const print = (line: string) => process.stdout.write(`${line}\n`);
const home = await mkdtemp(join(tmpdir(), "quantsmith-queue-"));
try {
  const [models, kills, seed] = [values.models, values.kills, values.seed].map(Number) as [number, number, number];
  const result = await queueTrial({ models, kills, seed, home, print });
  print(`models ${models}, kills ${result.kills}, seed ${seed}, ${Math.round(result.seconds)} s`);
  print(`disk limit ${formatBytes(result.maxDiskBytes)}, highest use ${formatBytes(result.peakBytes)}`);
  if (result.peakBytes > result.maxDiskBytes) process.exitCode = 1;
  for (const kind of ["lost", "wrong", "repeated", "invalid", "foreign"] as const) {
    print(`${kind} ${result[kind].length}${result[kind].length === 0 ? "" : `: ${result[kind].join(", ")}`}`);
    if (result[kind].length > 0) process.exitCode = 1;
  }
} finally {
  await rm(home, { recursive: true, force: true });
}
