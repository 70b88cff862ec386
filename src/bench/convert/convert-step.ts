/** Runs one convert step as the engine would: `node convert-step.js native <checkpoint> <outtype> <folder to work in>`. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { prepareConverterPython } from "../../llamacpp/python-env.js";
import { resolveToolchain } from "../../llamacpp/toolchain.js";
import type { ConvertParams } from "../../stages/convert/convert-report.js";
import { convertUpstream } from "../../stages/convert/convert-upstream.js";
import { convertNative } from "../../stages/convert/native/convert-native.js";
import type { StageContext } from "../../stages/stage.js";

const [engine, snapshot = "", outtype, cwd = ""] = process.argv.slice(2);
const [out, work] = [join(cwd, "out"), join(cwd, "work")];
for (const folder of [out, work]) await mkdir(folder, { recursive: true });
const context: StageContext = {
  ...{ out, work },
  partial: () => Promise.reject(new Error("this step leaves nothing behind")),
  input: (name) => (name === "snapshot" ? snapshot : undefined),
  digest: () => undefined,
  relatives: () => Promise.resolve([]),
  steps: () => [],
  threads: 2,
  toolchain: () => resolveToolchain(),
  python: () => prepareConverterPython(),
  signal: new AbortController().signal,
  progress: () => undefined,
  note: () => undefined,
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
const { peakMemoryBytes } = await (engine === "native" ? convertNative : convertUpstream).run(params, context);
// Of the converter's own process, not of the one that starts it.
if (peakMemoryBytes !== undefined) process.stdout.write(`${peakMemoryBytes}\n`);
