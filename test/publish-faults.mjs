// `npm run test:publish-faults -- --mixes 200`: publishes to a Hub with 200 random mixes of faults, and to folders with
// 200 kills.
import { spawn } from "node:child_process";
import { parseArgs } from "node:util";

const { values } = parseArgs({ options: { mixes: { type: "string", default: "200" } } });
const env = { ...process.env, QUANTSMITH_FAULT_MIXES: values.mixes };
const files = ["publish-faults", "publish-dir-kills"].map((name) => `test/stages/publish/${name}.native.test.ts`);
const args = ["vitest", "run", ...files];
spawn("npx", args, { env, stdio: "inherit" }).on("exit", (code) => {
  process.exitCode = code ?? 1;
});
