/** `npm run test:crash -- --kills 200 [--seed 1]`: prints the findings and fails if there are any. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { packageRoot } from "../src/util/package-root.js";
import { crashTest, describe } from "./crash.js";

const { values } = parseArgs({
  options: { kills: { type: "string", default: "200" }, seed: { type: "string", default: "1" } },
});
const print = (line: string) => process.stdout.write(`${line}\n`);
const recipe = join(fileURLToPath(packageRoot), "recipes/demo/demo.yaml");
const result = await crashTest({ kills: Number(values.kills), seed: Number(values.seed), recipe, print });
print(describe(result));
for (const kind of ["lost", "wrong", "partial", "repeated"] as const) {
  for (const name of result[kind].slice(0, 10)) print(`  ${kind}: ${name}`);
  if (result[kind].length > 0) process.exitCode = 1;
}
