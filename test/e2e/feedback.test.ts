import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { metadataString } from "../../src/gguf/metadata.js";
import { readGguf } from "../../src/gguf/read-header.js";
import { resolveToolchain } from "../../src/llamacpp/toolchain/toolchain.js";
import { llamaCppTools } from "../../src/llamacpp/toolchain/tools.js";
import type { RunReport } from "../../src/release/release-report.js";
import { briefRecipe, cliFile, demoCopy, put, quantsmith } from "../fixtures/cli.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";
import { until } from "../fixtures/until.js";

/* Error-feedback rounding from the recipe to the release, on the bundled model. */
const home = temporaryFolder();
const whole = join(home, "whole");
const variants = `
  - { name: Q8_0, preset: Q8_0, rounding: nearest }
  - Q3_K_M
  - { name: Q4_K_S, dynamic: { sizeOf: Q4_K_M } }
`;
const pipeline = `version: 1
calibration: { chunks: 20, context: 128 }
evaluation: { chunks: 4, context: 128 }
search: { chunks: 4 }
probes: groups
effort: thorough
`;
let recipe: string;
let report: RunReport;
let sums: string;

function recipeFor(folder: string, change: (text: string) => string = (text) => text): string {
  put(join(home, folder, "own.yaml"), pipeline);
  return demoCopy(join(home, folder), () =>
    change(
      briefRecipe
        .replace("pipeline: preview", "pipeline: ./own.yaml\nquantize: { rounding: feedback }")
        .replace("variants: [Q8_0]", `variants: ${variants}`)
        .replace("calibration.txt, chunks: 4,", "calibration.txt, chunks: 20,"),
    ),
  );
}

const read = (out: string, file: string) => readFileSync(join(out, "releases", "demo", file), "utf8");

/** Runs the recipe and kills the run with -9 as soon as a file appears in the partial folder of a step. */
async function runAndKill(out: string, file: string): Promise<void> {
  const child = spawn(process.execPath, [cliFile, "run", recipe, "--out", out], {
    env: { ...process.env, CI: "true" },
    stdio: "ignore",
  });
  const partial = join(out, "store", ".partial");
  const appeared = () =>
    existsSync(partial) && readdirSync(partial, { recursive: true }).some((path) => `${path}`.endsWith(file));
  await until(() => appeared() || child.exitCode !== null);
  expect(child.exitCode, "the run ended before it could be killed").toBeNull();
  child.kill("SIGKILL");
  await once(child, "exit");
}

beforeAll(async () => {
  recipe = recipeFor("demo");
  const { exitCode, stdout, stderr } = await quantsmith(["run", recipe, "--out", whole, "--json"]);
  expect(exitCode, stderr).toBe(0);
  report = JSON.parse(stdout) as RunReport;
  sums = read(whole, "SHA256SUMS");
});

test("variants state their rounding in release.json, in their metadata and on the card, and answer", async () => {
  const [nearest, ...rounded] = report.variants;
  expect(nearest?.rounding).toBeUndefined();
  for (const { rounding, smoke, name } of rounded) {
    expect(rounding, name).toMatchObject({ method: "feedback", tensors: 43, nearest: [] });
    expect(rounding?.lossRatio, name).toBeLessThan(0.7);
    expect(smoke, name).toMatchObject({ passed: 1, failed: 0 });
  }
  const texts = [];
  for (const { file } of report.variants) {
    texts.push(metadataString(await readGguf(join(whole, "releases", "demo", file)), "quantsmith.rounding"));
  }
  expect(texts).toEqual([undefined, ...rounded.map(() => "error-feedback rounding (GPTQ family)")]);
  expect(read(whole, "README.md")).toMatch(
    /- Rounding: error-feedback rounding \(GPTQ family.*; Q8_0 rounded to nearest\n/,
  );
  expect(read(whole, "report.html")).toContain("<dt>Rounding</dt><dd>error-feedback rounding");
});

test("tensors.json has types, bytes, errors, alphas and losses of all matrices", async () => {
  const { variants } = JSON.parse(read(whole, "tensors.json")) as {
    variants: Record<string, Record<string, unknown>[]>;
  };
  for (const { name, file, rounding } of report.variants) {
    const gguf = await readGguf(join(whole, "releases", "demo", file));
    const matrices = gguf.tensors.filter(({ shape }) => shape.length > 1);
    const listed = variants[name] ?? [];
    expect(listed.map((one) => [one.name, one.type, one.bytes])).toEqual(
      matrices.map((one) => [one.name, one.type.name, one.bytes]),
    );
    for (const { error, alpha, lossRatio } of listed) {
      expect(error).toBeGreaterThan(0);
      expect(alpha).toBeGreaterThan(0);
      if (rounding === undefined) expect(lossRatio).toBeNull();
      else expect(lossRatio).toBeLessThanOrEqual(1);
    }
  }
});

test("at the same bytes the divergence is lower than rounded to nearest", async () => {
  const plain = recipeFor("plain", (text) => text.replace("rounding: feedback", "rounding: nearest"));
  const only = ["--variant", "Q3_K_M", "--until", "validate", "--json"];
  const { stdout } = await quantsmith(["run", plain, "--out", whole, ...only]);
  const before = (JSON.parse(stdout) as RunReport).variants.find(({ name }) => name === "Q3_K_M");
  const after = report.variants.find(({ name }) => name === "Q3_K_M");
  expect(before?.types).toEqual(after?.types);
  expect(after?.quality?.kldMean).toBeLessThan(0.8 * (before?.quality?.kldMean ?? 0));
});

test("killed with -9 during moments, refinement and rounding, it continues to the same bytes", async () => {
  const out = join(home, "killed");
  await runAndKill(out, "imatrix.gguf");
  await runAndKill(out, "probes.ndjson");
  await runAndKill(out, "rounded.jsonl");
  const { exitCode, stderr } = await quantsmith(["run", recipe, "--out", out]);
  expect(exitCode, stderr).toBe(0);
  expect(read(out, "SHA256SUMS")).toBe(sums);
  expect(readdirSync(join(out, "store", ".partial"))).toEqual([]);
});

test.each([
  ["engine: llama-quantize, rounding: feedback", "needs the engine `bank`", 3],
  ["rounding: fedback", "Did you mean `feedback`?", 3],
])("quantize: { %s } is an error at its line", async (quantize, message) => {
  const wrong = recipeFor("wrong", (text) => text.replace("rounding: feedback }", `${quantize} }`));
  const { exitCode, stderr } = await quantsmith(["plan", wrong, "--out", join(home, "none")]);
  expect(exitCode).toBe(2);
  expect(stderr).toContain(message);
  expect(stderr).toMatch(/demo\.yaml:4:\d+/);
});

test("a pipeline without calibration, and a llama.cpp without quantsmith's programs, are errors before any work", async () => {
  const presets = (text: string) => text.replace(variants, " [Q4_K_M]\n");
  const uncalibrated = recipeFor("uncalibrated", presets);
  put(join(home, "uncalibrated", "own.yaml"), "version: 1\nstages: [fetch, convert, quantize]\n");
  const first = await quantsmith(["plan", uncalibrated, "--out", join(home, "none")]);
  expect([first.exitCode, first.stderr]).toEqual([2, expect.stringContaining("needs the stage `calibrate`")]);

  const folder = join(home, "llama.cpp");
  mkdirSync(folder);
  const { tools } = await resolveToolchain();
  for (const name of llamaCppTools) symlinkSync(tools[name].path, join(folder, name));
  const env = { QUANTSMITH_LLAMA_CPP: folder };
  for (const [file, code, remedy] of [
    [recipe, "QS-TOOL-PROBES", "`probes: none`"],
    [recipeFor("presets", presets), "QS-TOOL-ROUNDING", "rounding: nearest"],
  ] as const) {
    const { exitCode, stderr } = await quantsmith(["plan", file, "--out", join(home, "none")], { env });
    expect([exitCode, stderr]).toEqual([4, expect.stringContaining(code)]);
    expect(stderr).toContain(remedy);
  }
});
