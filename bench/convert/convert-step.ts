/**
 * Runs one convert step like the engine: `node convert-step.js native <checkpoint> <outtype> <working folder>`.
 * Prints the step's seconds and, if a subprocess does the work, the memory of the subprocess.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { cpuCompute } from "../../src/llamacpp/compute/compute.js";
import { resolveToolchain } from "../../src/llamacpp/toolchain/toolchain.js";
import type { ConvertParams } from "../../src/stages/convert/convert-report.js";
import type { StageContext } from "../../src/stages/stage.js";

const [engine, snapshot = "", outtype, cwd = ""] = process.argv.slice(2);
const [out, work] = [join(cwd, "out"), join(cwd, "work")];
for (const folder of [out, work]) await mkdir(folder, { recursive: true });
const context: StageContext = {
  ...{ out, work },
  partial: () => Promise.reject(new Error("this step keeps no partial results")),
  input: (name) => (name === "snapshot" ? snapshot : undefined),
  digest: () => undefined,
  reusableSteps: () => Promise.resolve([]),
  steps: () => [],
  threads: 2,
  compute: cpuCompute,
  requiresMemory: false,
  toolchain: () => resolveToolchain(),
  python: async () => (await import("../../src/llamacpp/python/python-env.js")).prepareConverterPython(),
  signal: new AbortController().signal,
  progress: () => undefined,
  layers: () => undefined,
  note: () => undefined,
  warn: () => undefined,
};
const params = {
  fallback: false,
  outtype: outtype as ConvertParams["outtype"],
  modelName: "Large-500M",
  baseModel: null,
  metadata: {},
  pretokenizer: "auto",
  why: "a bench",
};
// Loads one engine only, since the memory of both would count for each.
const operation =
  engine === "native"
    ? (await import("../../src/stages/convert/convert-native.js")).convertNative
    : (await import("../../src/stages/convert/convert-upstream.js")).convertUpstream;
const started = performance.now();
const { peakMemoryBytes } = await operation.run(params, context);
const seconds = (performance.now() - started) / 1000;
process.stdout.write(JSON.stringify({ seconds, ...(peakMemoryBytes !== undefined && { peakMemoryBytes }) }));
