import { existsSync, readFileSync } from "node:fs";
import { chmod, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { computeMoments } from "../../../src/llamacpp/moments.js";
import { saveBaseLogits } from "../../../src/llamacpp/perplexity.js";
import { quantize } from "../../../src/llamacpp/quantize.js";
import type { ToolRun } from "../../../src/llamacpp/tool-run.js";
import { type AllocationReport, allocateVariant } from "../../../src/stages/allocate/allocate-variant.js";
import { measureErrors } from "../../../src/stages/allocate/measure-errors.js";
import { measureProbes, type ProbesReport } from "../../../src/stages/allocate/measure-probes.js";
import { sha256 } from "../../../src/util/sha256.js";
import { failureOf } from "../../fixtures/failure.js";
import { stageContext } from "../../fixtures/stage-context.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";
import { makeTinyModel } from "../../fixtures/tiny-model.js";
import { until } from "../../fixtures/until.js";

const folder = temporaryFolder();
const file = (name: string) => join(folder, name);
let run: ToolRun;
let inputs: Record<string, string>;

beforeAll(async () => {
  run = await makeTinyModel(folder);
  const text = { model: "model.gguf", text: "calibration.txt", out: "base.kld" };
  await saveBaseLogits({ ...run, ...text, chunks: 1, context: 256 });
  await writeFile(file("base.json"), JSON.stringify({ corpus: "calibration", chunks: 1, context: 256 }));
  inputs = { model: file("model.gguf"), imatrix: file("imatrix.gguf") };
  const errors = stageContext(run, inputs);
  await measureErrors.run({ types: ["Q2_K"], preset: null, allowRequantize: false }, errors);
  inputs = {
    ...inputs,
    errors: join(errors.out, "errors.json"),
    base: file("base.kld"),
    baseReport: file("base.json"),
  };
});

test("a probe process killed in the middle loses nothing", async () => {
  const base = sha256(await readFile(inputs.model ?? ""));
  const whole = stageContext(run, inputs);
  await measureProbes.run({ effort: "groups" }, whole);

  // Writes its process id, which exec keeps.
  const program = run.toolchain.tools["llama-probe"]?.path ?? "";
  await writeFile(
    file("traced"),
    `#!/bin/sh\necho $$ > "${file("pid.tmp")}"\nmv "${file("pid.tmp")}" "${file("pid")}"\nexec "${program}" "$@"\n`,
  );
  await chmod(file("traced"), 0o755);
  const tools = {
    ...run.toolchain.tools,
    "llama-probe": { path: file("traced"), version: "1", source: "pinned" as const },
  };
  const partial = await whole.partial();
  for (const name of await readdir(partial)) await writeFile(join(partial, name), "");
  const killed = stageContext({ ...run, toolchain: { ...run.toolchain, tools } }, inputs, { partial });
  const journal = join(partial, "probes.ndjson");
  const finished = () => readFileSync(journal, "utf8").split("\n").filter(Boolean).length;
  const failure = failureOf(measureProbes.run({ effort: "groups" }, killed));
  await until(() => finished() >= 3 && existsSync(file("pid")));
  process.kill(Number(readFileSync(file("pid"), "utf8")), "SIGKILL");
  expect((await failure).code).toBe("QS-ENV-OOM");
  const kept = finished();

  const resumed = stageContext(run, inputs, { partial });
  const { measurements } = await measureProbes.run({ effort: "groups" }, resumed);
  expect(measurements?.probesResumed).toBe(kept);
  expect(measurements?.probesMeasured).toBeGreaterThan(0);
  const report = (out: string) => readFileSync(join(out, "probes.json"), "utf8");
  expect(report(resumed.out)).toBe(report(whole.out));
  expect(sha256(await readFile(inputs.model ?? ""))).toBe(base);
  expect(await readdir(killed.work)).not.toContain("probe.gguf");

  const cached = await measureProbes.run({ effort: "groups" }, stageContext(run, inputs, { partial }));
  expect(cached.commands, "no process without a measurement").toBeUndefined();
});

test("with a Q8_0 copy and error feedback, probes and refinement measure the copy and round the base", async () => {
  await quantize({ ...run, model: "model.gguf", type: "Q8_0", out: "copy.gguf" });
  const text = { model: "copy.gguf", text: "calibration.txt", context: 256 };
  await saveBaseLogits({ ...run, ...text, chunks: 1, out: "copy.kld" });
  const passes = { layers: [0, 99] as const, output: true, sharedExperts: false, state: "state" };
  await computeMoments({ ...run, ...text, ...passes, chunks: 6, out: "copy-imatrix.gguf", moments: "moments.gguf" });
  const rounded = { ...inputs, imatrix: file("copy-imatrix.gguf"), moments: file("moments.gguf") };
  const errors = stageContext(run, rounded);
  await measureErrors.run({ types: ["Q2_K", "Q4_K"], preset: null, allowRequantize: false }, errors);
  const measured = {
    ...{ ...rounded, errors: join(errors.out, "errors.json"), base: file("copy.kld") },
    evaluated: file("copy.gguf"),
  };
  const probed = stageContext(run, measured);
  await measureProbes.run({ effort: "groups" }, probed);
  const { floor, probes } = JSON.parse(readFileSync(join(probed.out, "probes.json"), "utf8")) as ProbesReport;
  // Only stored logits differ: the 16-bit base would be a hundred times as far from the copy.
  expect(floor.kld).toBeLessThan(1e-5);
  expect(Math.min(...probes.map(({ kld }) => kld))).toBeGreaterThan(floor.kld);

  const chosen = stageContext(run, { ...measured, probes: join(probed.out, "probes.json") });
  const budget = { kind: "bitsPerWeight", bitsPerWeight: 4 } as const;
  const thorough = {
    types: ["Q2_K", "Q4_K"],
    pins: [],
    preset: "Q3_K_M",
    refine: true,
    rounding: "feedback",
    allowRequantize: false,
  } as const;
  await allocateVariant.run({ ...thorough, budget, imatrixName: "imatrix.gguf" }, chosen);
  const allocation = JSON.parse(readFileSync(join(chosen.out, "allocation.json"), "utf8")) as AllocationReport;
  expect(allocation.fileBytes).toBeLessThanOrEqual(allocation.budgetBytes);
  expect(new Set(Object.values(allocation.types))).toEqual(new Set(["Q2_K", "Q4_K"]));
  expect(allocation.refinement?.kld).toBeLessThanOrEqual(allocation.refinement?.startKld ?? 0);
});
