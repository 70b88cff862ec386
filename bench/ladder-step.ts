/** Runs one step on files of the working folder, like the engine: `node ladder-step.js quantize a.gguf i.gguf`. */
import { mkdtemp } from "node:fs/promises";
import { join, resolve } from "node:path";
import { cpuCompute } from "../src/llamacpp/compute/compute.js";
import { resolveToolchain } from "../src/llamacpp/toolchain/toolchain.js";
import { defaultTypes } from "../src/stages/allocate/candidates.js";
import { measureErrors } from "../src/stages/allocate/measure-errors.js";
import { quantizeByBank } from "../src/stages/quantize/bank.js";
import type { StageContext } from "../src/stages/stage.js";

const [stage, model = "", imatrix = ""] = process.argv.slice(2);
const inputs = new Map([
  ["model", resolve(model)],
  ["imatrix", resolve(imatrix)],
]);
const context: StageContext = {
  out: await mkdtemp(join(process.cwd(), "out-")),
  work: await mkdtemp(join(process.cwd(), "work-")),
  partial: () => mkdtemp(join(process.cwd(), "partial-")),
  input: (name) => inputs.get(name),
  digest: () => undefined,
  reusableSteps: () => Promise.resolve([]),
  steps: () => [],
  threads: 2,
  compute: cpuCompute,
  requiresMemory: false,
  toolchain: () => resolveToolchain(),
  python: () => Promise.reject(new Error("this step needs no Python")),
  signal: new AbortController().signal,
  progress: () => undefined,
  layers: () => undefined,
  note: () => undefined,
  warn: () => undefined,
};
if (stage === "quantize") {
  const params = {
    preset: "Q4_K_M",
    rules: [],
    imatrixName: imatrix,
    rounding: "nearest" as const,
    allowRequantize: false,
  };
  await quantizeByBank.run(params, context, await quantizeByBank.prepare(params, context));
} else await measureErrors.run({ types: defaultTypes, preset: null, allowRequantize: false }, context);
