// `npm run test:parity`: compares the output of llama.cpp's converter (Python) for every checkpoint with the records in
// test/fixtures/convert. `-- --record` writes the records.
import { spawn } from "node:child_process";
import { parseArgs } from "node:util";

const { values } = parseArgs({ options: { record: { type: "boolean", default: false } } });
const env = { ...process.env, QUANTSMITH_PARITY: values.record ? "record" : "all" };
const args = ["vitest", "run", "test/stages/convert/upstream-parity.native.test.ts"];
spawn("npx", args, { env, stdio: "inherit" }).on("exit", (code) => {
  process.exitCode = code ?? 1;
});
