import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { readGguf } from "../../src/gguf/read-header.js";
import { bitsPerWeight } from "../../src/gguf/summary.js";
import type { RunReport, VariantReport } from "../../src/release/release-report.js";
import type { AllocationReport } from "../../src/stages/allocate/allocate-variant.js";
import type { ProbesReport } from "../../src/stages/allocate/measure-probes.js";
import { tensorTypeFile } from "../../src/stages/quantize/tensor-rules.js";
import { cliFile, demoCopy, demoRecipe, put, quantsmith } from "../fixtures/cli.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";
import { until } from "../fixtures/until.js";
import { underivedNumbers } from "../report/foreign/card-numbers.js";

/*
 * Dynamic variants of the bundled model with the real tools: probed by groups, killed in between, then finished. The
 * tests share one store and depend on their order.
 */
const home = temporaryFolder();
const out = join(home, "out");
const release = join(out, "releases", "demo");
const variants = [
  "Q4_K_M",
  "{ name: Q4_K_S, dynamic: { sizeOf: Q4_K_M } }",
  "{ name: Q3_K_M, dynamic: { bitsPerWeight: 4.2 }, tensors: { attn_v: Q6_K } }",
  "{ name: Q5_K_M, dynamic: { bytes: 4.3 MB, types: [Q4_K, Q5_K, Q6_K] } }",
];
let recipe: string;
let report: RunReport;
let linesAtKill: string[];

/** Outputs of finished steps with this name. */
const stored = (name: string) =>
  readdirSync(join(out, "store"))
    .map((folder) => join(out, "store", folder, name))
    .filter((file) => existsSync(file));
const readJson = <T>(file: string | undefined) => JSON.parse(readFileSync(file ?? "", "utf8")) as T;
const journals = () => {
  const folder = join(out, "store", ".partial");
  const keys = existsSync(folder) ? readdirSync(folder) : [];
  return keys
    .flatMap((key) => readdirSync(join(folder, key)).map((inputs) => join(folder, key, inputs, "probes.ndjson")))
    .filter((file) => existsSync(file));
};
const linesOf = (file: string | undefined) =>
  file === undefined ? [] : readFileSync(file, "utf8").split("\n").filter(Boolean);

function variant(name: string): VariantReport & Required<Pick<VariantReport, "allocation">> {
  const found = report.variants.find((one) => one.name === name);
  if (found?.allocation === undefined) throw new Error(`${name} was not allocated`);
  return { ...found, allocation: found.allocation };
}

beforeAll(async () => {
  put(
    join(home, "groups.yaml"),
    "version: 1\ncalibration: { chunks: 20 }\nsearch: { chunks: 8 }\nevaluation: { chunks: 20 }\nprobes: groups\n",
  );
  const edited = demoRecipe.replace("pipeline: preview", "pipeline: ./groups.yaml");
  recipe = demoCopy(home, () => edited.replace("[Q8_0]", `[${variants.join(", ")}]`));
  const killed = spawn(process.execPath, [cliFile, "run", recipe, "--out", out], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let output = "";
  killed.stderr.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const running = () => killed.exitCode === null && killed.signalCode === null;
  await until(() => !running() || linesOf(journals()[0]).length >= 5);
  expect([killed.exitCode, killed.signalCode], output).toEqual([null, null]);
  killed.kill("SIGKILL");
  linesAtKill = linesOf(journals()[0]);
  const result = await quantsmith(["run", recipe, "--out", out, "--json"]);
  expect(result.exitCode, `${result.stdout}${result.stderr}`).toBe(0);
  report = JSON.parse(result.stdout) as RunReport;
});

describe("probes", () => {
  test("finished probes of a killed run are not repeated", () => {
    expect(linesAtKill.length).toBeGreaterThanOrEqual(5);
    const [file] = stored("probes.json");
    const { probes, effort } = readJson<ProbesReport>(file);
    expect([effort, probes.length]).toEqual(["groups", 15]);
    for (const line of linesAtKill.slice(1, -1)) {
      const { unit, type, kld, kldError } = JSON.parse(line) as ProbesReport["probes"][number];
      expect(probes).toContainEqual(expect.objectContaining({ unit, type, kld, kldError }));
    }
    const { measurements } = readJson<{ measurements: Record<string, number> }>(file?.replace("probes", "record"));
    expect(measurements.probesResumed).toBeGreaterThanOrEqual(linesAtKill.length - 1);
    const coarse = probes.filter(({ type }) => type !== "Q2_K").length;
    // One more than units: the noise floor. A unit with a coarser type has two measurements.
    expect((measurements.probesResumed ?? 0) + (measurements.probesMeasured ?? 0)).toBe(16 + coarse);
    expect(journals(), "journals after a finished step").toEqual([]);
  });

  test("the tied embedding counts once and with a high sensitivity", () => {
    const { probes, floor } = readJson<ProbesReport>(stored("probes.json")[0]);
    const names = probes.flatMap(({ tensors }) => tensors);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => /embd|output\.weight/.test(name) && !name.startsWith("blk"))).toEqual([
      "token_embd.weight",
    ]);
    const [most] = probes.toSorted((a, b) => b.kld - a.kld);
    expect(most?.unit).toBe("token_embd.weight");
    expect(floor.kld).toBeLessThan((most?.kld ?? 0) / 50);
    expect(probes.filter(({ readable }) => readable).length).toBeGreaterThan(12);
  });
});

describe("the size of a preset", () => {
  test("is used fully, with a lower divergence than the preset's", () => {
    const preset = report.variants.find(({ name }) => name === "Q4_K_M");
    const dynamic = variant("Q4_K_S");
    expect(dynamic.allocation.budgetBytes).toBe(preset?.bytes);
    expect(dynamic.bytes).toBeLessThanOrEqual(preset?.bytes ?? 0);
    expect(dynamic.bytes).toBeGreaterThanOrEqual(0.9975 * (preset?.bytes ?? 0));
    expect(dynamic.quality?.kldMean).toBeLessThan(preset?.quality?.kldMean ?? 0);
  });

  test("the prediction has the right magnitude", () => {
    const { allocation, quality } = variant("Q4_K_S");
    const ratio = (allocation.predictedKld ?? 0) / (quality?.kldMean ?? 0);
    expect(ratio).toBeGreaterThan(0.67);
    expect(ratio).toBeLessThan(1.5);
    expect(allocation.boundGap).toBeLessThan(0.01);
  });
});

describe("other budgets", () => {
  test("bits per weight are an average over all tensors of the file", async () => {
    const gguf = await readGguf(join(release, variant("Q3_K_M").file));
    expect(bitsPerWeight(gguf)).toBeLessThanOrEqual(4.2);
    expect(bitsPerWeight(gguf)).toBeGreaterThanOrEqual(4.2 * 0.9975);
  });

  test("bytes limit the whole file, and only the recipe's types are used", () => {
    const { bytes, allocation, types } = variant("Q5_K_M");
    expect(allocation.budgetBytes).toBe(4_300_000);
    expect(bytes).toBeLessThanOrEqual(4_300_000);
    expect(bytes).toBeGreaterThanOrEqual(4_300_000 * 0.9975);
    expect(Object.keys(types).filter((type) => !["F32", "Q4_K", "Q5_K", "Q6_K"].includes(type))).toEqual([]);
  });

  test("a rule excludes a tensor from the choice, also with a type that is not a candidate", async () => {
    const gguf = await readGguf(join(release, variant("Q3_K_M").file));
    const values = gguf.tensors.filter(({ name }) => name.endsWith("attn_v.weight"));
    expect(values.map(({ type }) => type.name)).toEqual(new Array(6).fill("Q6_K"));
    expect(variant("Q3_K_M").types.Q6_K).toBeLessThan(20);
  });

  test("a budget below the smallest file is an error", async () => {
    const tight = demoRecipe.replace("pipeline: preview", "pipeline: ./groups.yaml");
    writeFileSync(recipe, tight.replace("[Q8_0]", "[{ name: Q2_K, dynamic: { bytes: 1 MB } }]"));
    const { exitCode, stdout } = await quantsmith(["run", recipe, "--out", out, "--json", "--until", "allocate"]);
    expect(exitCode).toBe(2);
    expect(JSON.parse(stdout).error.code).toBe("QS-ALLOCATE-BUDGET");
  });
});

describe("the release", () => {
  test("contains type maps that match the files, tensor by tensor", async () => {
    for (const name of ["Q4_K_S", "Q3_K_M", "Q5_K_M"]) {
      const text = readFileSync(join(release, `${name}.tensor-types.txt`), "utf8");
      const gguf = await readGguf(join(release, variant(name).file));
      const quantized = gguf.tensors.filter(({ shape }) => shape.length > 1);
      expect(text).toBe(tensorTypeFile(new Map(quantized.map((one) => [one.name, one.type]))));
      const sizes = stored("allocation.json").map((file) => readJson<AllocationReport>(file).fileBytes);
      expect(sizes).toContain(gguf.fileBytes);
      expect(variant(name).types.Q8_0 ?? 0).toBeLessThan(quantized.length);
    }
  });

  test("describes how the types were chosen", () => {
    const { variants: published } = readJson<RunReport>(join(release, "release.json"));
    expect(published.find(({ name }) => name === "Q4_K_S")?.allocation).toMatchObject({
      predictedKld: expect.any(Number),
      probes: { effort: "groups", count: 15, corpus: "search.txt", chunks: 8, context: 512 },
    });
    expect(published.find(({ name }) => name === "Q4_K_M")).not.toHaveProperty("allocation");
    const card = readFileSync(join(release, "README.md"), "utf8");
    const data = [join(release, "release.json"), join(release, "hardware-compatibility.json")] as const;
    expect(underivedNumbers(card, readJson(data[0]), readJson(data[1]))).toEqual([]);
    expect(card).toContain("Dynamic variants: [Q4_K_S](./Q4_K_S.tensor-types.txt), [Q3_K_M]");
    expect(card).toContain("15 probes, each of which quantized one group of tensors to a low precision");
    expect(card).toContain("![Type of each tensor of Q4_K_S by layer](./assets/types-Q4_K_S.svg)");
    expect(card, "no type chart for a preset").not.toContain("types-Q4_K_M.svg");
    expect(readFileSync(join(release, "recipe.lock.yaml"), "utf8")).toContain("probes: groups");
  });
});

describe("invalid recipes are rejected at their line", () => {
  const refusal = async (list: string, pipeline: string) => {
    const text = demoRecipe.replace("pipeline: preview", `pipeline: ${pipeline}`).replace("[Q8_0]", `[${list}]`);
    writeFileSync(recipe, text);
    const { stdout } = await quantsmith(["plan", recipe, "--out", out, "--json"]);
    return (JSON.parse(stdout) as { error: { code: string; message: string; at?: { line: number } } }).error;
  };

  test("a pipeline without a stage that a dynamic variant needs", async () => {
    put(join(home, "short.yaml"), "version: 1\nstages: [fetch, convert, calibrate, quantize]\nprobes: groups\n");
    const error = await refusal("{ name: Q4_K_M, dynamic: { sizeOf: Q4_K_M } }", "./short.yaml");
    expect(error).toMatchObject({ code: "QS-RECIPE-INVALID", at: { line: 7 } });
  });
});

test("without probes, the prior by role still gives a lower divergence than the preset", async () => {
  writeFileSync(recipe, demoRecipe.replace("[Q8_0]", "[Q4_K_M, { name: Q4_K_S, dynamic: { sizeOf: Q4_K_M } }]"));
  const result = await quantsmith(["run", recipe, "--out", out, "--json"]);
  const { steps, variants } = JSON.parse(result.stdout) as RunReport;
  expect(steps.map(({ id }) => id).filter((id) => id.startsWith("allocate"))).toEqual([
    "allocate:Q4_K_S:errors",
    "allocate:Q4_K_S",
  ]);
  const [preset, dynamic] = variants;
  expect(dynamic?.allocation).toMatchObject({ predictedKld: null, probes: null, budgetBytes: preset?.bytes });
  expect(dynamic?.bytes).toBeGreaterThanOrEqual(0.9975 * (preset?.bytes ?? 0));
  expect(dynamic?.quality?.kldMean).toBeLessThan(preset?.quality?.kldMean ?? 0);
  expect(readFileSync(join(release, "README.md"), "utf8")).toContain("the sensitivity of each tensor role");
});

test("with presets only, nothing is probed", async () => {
  writeFileSync(recipe, demoRecipe);
  const { stdout } = await quantsmith(["plan", recipe, "--out", out, "--json"]);
  const { steps } = JSON.parse(stdout) as { steps: { id: string }[] };
  expect(steps.filter(({ id }) => id.startsWith("allocate"))).toEqual([]);
  expect(steps.length).toBeGreaterThan(5);
});
