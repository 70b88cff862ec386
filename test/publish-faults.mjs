// `npm run test:publish-faults -- --mixes 200`: publishes with 200 random mixes of faults.
import { spawn } from "node:child_process";
import { parseArgs } from "node:util";

const { values } = parseArgs({ options: { mixes: { type: "string", default: "200" } } });
const env = { ...process.env, QUANTSMITH_FAULT_MIXES: values.mixes };
const args = ["vitest", "run", "test/stages/publish/publish-faults.native.test.ts"];
spawn("npx", args, { env, stdio: "inherit" }).on("exit", (code) => {
  process.exitCode = code ?? 1;
});
