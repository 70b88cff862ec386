import { copyFileSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { quantize } from "../../src/llamacpp/quantize.js";
import { resolveToolchain } from "../../src/llamacpp/toolchain/toolchain.js";
import type { RunReport } from "../../src/release/release-report.js";
import { sha256File } from "../../src/util/sha256.js";
import { briefRecipe, demoCopy, quantsmith } from "../fixtures/cli.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

/* A release whose imatrix and measurements are computed with a Q8_0 copy of the base. */
const home = temporaryFolder();
const out = join(home, "out");
const release = join(out, "releases", "demo");
let report: RunReport;

beforeAll(async () => {
  const recipe = demoCopy(
    join(home, "demo"),
    () => `${briefRecipe.replace("[Q8_0]", "[Q4_K_M]")}compute: { base: Q8_0 }\n`,
  );
  const { exitCode, stderr } = await quantsmith(["run", recipe, "--out", out]);
  expect(exitCode, stderr).toBe(0);
  report = JSON.parse(readFileSync(join(release, "release.json"), "utf8"));
});

test("the release names the copy and its distance from 16 bits, and passes verify", async () => {
  const distance = report.base?.evaluated?.distance;
  expect(report.base?.evaluated?.type).toBe("Q8_0");
  expect(distance).toMatchObject({ context: 128, corpus: "search.txt" });
  expect(distance?.kldMean).toBeGreaterThan(0);
  expect(distance?.kldMean).toBeLessThan(0.005);
  const card = readFileSync(join(release, "README.md"), "utf8");
  expect(card).toContain("Measured with llama-perplexity against the Q8_0 base");
  expect(card).toMatch(
    /The copy's distance from 16 bits on \d+ × 128 tokens of search\.txt: mean KL divergence 0\.000/,
  );
  expect((await quantsmith(["verify", release])).exitCode).toBe(0);
});

test("variants are quantized from the 16-bit base, with the imatrix of the copy", async () => {
  const stored = (stage: string, name: string, beside: string) =>
    readdirSync(join(out, "store"))
      .filter((folder) => folder.startsWith(`${stage}-`) && existsSync(join(out, "store", folder, beside)))
      .map((folder) => join(out, "store", folder, name))[0] ?? "";
  const imatrix = readdirSync(release).find((name) => name.endsWith("imatrix.gguf")) ?? "";
  copyFileSync(stored("convert", "model.gguf", "convert.json"), join(home, "model.gguf"));
  copyFileSync(join(release, imatrix), join(home, imatrix));
  const run = { toolchain: await resolveToolchain(), cwd: home, threads: 1 };
  await quantize({ ...run, model: "model.gguf", imatrix, type: "Q4_K_M", out: "q4.gguf" });
  expect(await sha256File(join(home, "q4.gguf"))).toBe(report.variants[0]?.sha256);
});
