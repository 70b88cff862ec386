// `npm run test:parity`: llama.cpp's own converter (Python) on every checkpoint, compared with what is recorded of it
// in test/fixtures/convert. With `-- --record` it is recorded anew.
import { spawn } from "node:child_process";
import { parseArgs } from "node:util";

const { values } = parseArgs({ options: { record: { type: "boolean", default: false } } });
const env = { ...process.env, QUANTSMITH_PARITY: values.record ? "record" : "all" };
const args = ["vitest", "run", "test/stages/convert/upstream-parity.native.test.ts"];
spawn("npx", args, { env, stdio: "inherit" }).on("exit", (code) => {
  process.exitCode = code ?? 1;
});
