import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { RunReport } from "../../src/release/release-report.js";
import { makeCheckpoint } from "../fixtures/checkpoints/make-checkpoint.js";
import { smallLlama } from "../fixtures/checkpoints/small-llama.js";
import { briefRecipe, type CliResult, demoCopy, quantsmith } from "../fixtures/cli.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

/* A model whose rows do not divide into blocks of 256: llama-quantize replaces the rule's and the preset's types. */
const home = temporaryFolder();
const out = join(home, "out");
const release = join(out, "releases", "demo");
const variants = `variants:
  - { name: Q4_K_M, preset: Q4_K_M, tensors: { ffn_down: Q6_K } }
  - Q8_0
`;
let recipe: string;
let planned: CliResult;
let first: CliResult;

const run = (...more: string[]) => quantsmith(["run", recipe, "--out", out, ...more]);
const count = (text: string, part: string) => text.split(part).length - 1;
const json = (result: CliResult) => JSON.parse(result.stdout) as RunReport & { error?: { code: string } };
const rule = {
  code: "QW-QUANTIZE-RULE",
  variant: "Q4_K_M",
  message:
    "2 of 2 tensors do not have the type of their rule: Q8_0 instead of Q6_K (2), since rows of 320 values do not divide into blocks of 256",
  remedy: expect.stringContaining("Q8_0"),
};
const preset = {
  code: "QW-QUANTIZE-FALLBACK",
  variant: "Q4_K_M",
  message: expect.stringMatching(
    /^12 of 15 .* Q5_0 instead of Q4_K \(11\), Q8_0 instead of Q6_K \(1\), since rows of 160/,
  ),
  remedy: expect.any(String),
};

beforeAll(async () => {
  const text = briefRecipe.replace(/variants: .*\n/, variants).replace(/smoke:[\s\S]*/, "smoke: []\n");
  recipe = demoCopy(join(home, "demo"), () => text.replace("./tiny-llama", "./narrow"));
  await makeCheckpoint(join(home, "demo", "narrow"), smallLlama({ hidden_size: 160, intermediate_size: 320 }));
  planned = await quantsmith(["plan", recipe, "--out", out, "--json"]);
  first = await run("--json");
});

describe("a rule and a preset that rows cannot follow", () => {
  test("are reported by plan before anything is built", () => {
    expect(JSON.parse(planned.stdout).warnings).toEqual([rule, preset]);
    expect(planned.stderr).toBe("");
  });

  test("are reported once by the run, with counts", () => {
    expect(first.exitCode).toBe(0);
    expect(json(first).warnings).toEqual([rule, preset]);
    expect(count(first.stderr, "QW-QUANTIZE-RULE: Q4_K_M: 2 of 2 tensors")).toBe(1);
    expect(count(first.stderr, "QW-QUANTIZE-FALLBACK: Q4_K_M: 12 of 15")).toBe(1);
  });

  test("are in release.json and on the card", async () => {
    const stored = JSON.parse(readFileSync(join(release, "release.json"), "utf8")) as RunReport;
    expect(stored.warnings).toEqual([rule, preset]);
    const card = readFileSync(join(release, "README.md"), "utf8");
    expect(card).toContain(`> **Warning:** Q4_K_M: ${rule.message}`);
    expect(readFileSync(join(release, "report.html"), "utf8")).toContain(rule.message);
    expect((await quantsmith(["verify", release])).exitCode).toBe(0);
  });

  test("are reported by plan, and by a run that reuses every step", async () => {
    const planned = await quantsmith(["plan", recipe, "--out", out]);
    expect(planned.exitCode).toBe(0);
    expect(count(planned.stderr, "QW-QUANTIZE-RULE")).toBe(1);
    const document = JSON.parse((await quantsmith(["plan", recipe, "--out", out, "--json"])).stdout);
    expect(document.warnings).toEqual([rule, preset]);
    const again = await run();
    expect(again.exitCode).toBe(0);
    expect(count(again.stderr, "QW-QUANTIZE-RULE")).toBe(1);
  });
});

describe("--strict", () => {
  test("stops a run before its first step if a warning is known", async () => {
    const result = await run("--strict", "--json");
    expect(result.exitCode).toBe(2);
    expect(json(result)).toEqual({ warnings: [rule, preset], error: expect.objectContaining({ code: "QS-STRICT" }) });
    expect(result.stderr).not.toContain("started");
  });

  test("fails plan", async () => {
    const result = await quantsmith(["plan", recipe, "--out", out, "--strict", "--json"]);
    expect(result.exitCode).toBe(2);
    expect(JSON.parse(result.stdout)).toMatchObject({ warnings: [rule, preset], error: { code: "QS-STRICT" } });
  });

  test("stops a run before its first step if a warning is foreseen", async () => {
    const other = join(home, "other");
    const result = await quantsmith(["run", recipe, "--out", other, "--strict", "--json"]);
    expect(result.exitCode).toBe(2);
    expect(json(result)).toMatchObject({ warnings: [rule, preset], error: { code: "QS-STRICT" } });
    expect(result.stderr).not.toContain("started");
  });

  test("installs no release for a warning found by a step", async () => {
    const other = demoCopy(join(home, "smoke"), () =>
      briefRecipe.replace(/smoke:[\s\S]*/, 'smoke: [{ prompt: "Once", maxTokens: 2, expect: { matches: "zebra" } }]\n'),
    );
    const args = ["run", other, "--out", join(home, "smoke", "out"), "--json"];
    const strict = await quantsmith([...args, "--strict"]);
    expect(strict.exitCode).toBe(2);
    const warning = expect.objectContaining({ code: "QW-SMOKE-BASE" });
    expect(json(strict)).toMatchObject({ release: null, warnings: [warning], error: { code: "QS-STRICT" } });
    expect(existsSync(join(home, "smoke", "out", "releases", "demo"))).toBe(false);
    const usual = await quantsmith(args);
    expect(usual.exitCode).toBe(0);
    expect(json(usual)).toMatchObject({ warnings: [warning], variants: [{ gate: "passed" }] });
  });

  test("changes nothing without warnings", async () => {
    writeFileSync(recipe, readFileSync(recipe, "utf8").replace(variants, "variants: [Q8_0]\n"));
    const result = await run("--strict", "--json");
    expect(result.exitCode).toBe(0);
    expect(json(result)).toMatchObject({ release, warnings: [] });
  });
});
