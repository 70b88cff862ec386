import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { splitGguf } from "../../src/llamacpp/gguf-split.js";
import { resolveToolchain } from "../../src/llamacpp/toolchain/toolchain.js";
import { sha256 } from "../../src/util/sha256.js";
import { briefRecipe, demoCopy, quantsmith } from "../fixtures/cli.js";
import { Hub } from "../fixtures/hub-server/hub.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

/* The demo's model: once from its checkpoint, then from the GGUF file that the conversion wrote. */
const home = temporaryFolder();
const demo = join(home, "demo");
const recipeText = briefRecipe.replace("[Q8_0]", "[Q8_0, Q4_K_M]");
const file = "tiny-llama-BF16.gguf";
/** sha256 of each variant that was made from the checkpoint. */
let expected: Record<string, string>;

interface Variant {
  name: string;
  sha256: string;
}

function digestsOf(report: { variants: Variant[] }): Record<string, string> {
  return Object.fromEntries(report.variants.map((variant) => [variant.name, variant.sha256]));
}

/** The output of the one step of a stage in an output folder's store. */
function output(out: string, stage: string, name: string): string {
  const store = join(out, "store");
  const [step = ""] = readdirSync(store).filter((folder) => folder.startsWith(`${stage}-`));
  return join(store, step, name);
}

/** Runs the recipe with another source in an output folder of its own. */
async function runWith(source: string, name: string, args: string[] = [], env: Record<string, string> = {}) {
  const recipe = join(demo, `${name}.yaml`);
  writeFileSync(recipe, recipeText.replace("./tiny-llama", source));
  const out = join(home, `${name}-out`);
  const { exitCode, stdout, stderr } = await quantsmith(["run", recipe, "--out", out, "--json", ...args], { env });
  return { exitCode, report: JSON.parse(stdout), stderr, recipe, out };
}

beforeAll(async () => {
  demoCopy(demo, () => recipeText);
  const { exitCode, report, stderr, out } = await runWith("./tiny-llama", "checkpoint");
  expect(exitCode, stderr).toBe(0);
  expected = digestsOf(report);
  copyFileSync(output(out, "convert", "model.gguf"), join(demo, file));
});

describe("a GGUF file as the source", () => {
  test("gives the variants of its checkpoint and names the file; --locked accepts it until it changes", async () => {
    const { exitCode, report, stderr, recipe, out } = await runWith(`./${file}`, "single");
    expect(exitCode, stderr).toBe(0);
    expect(digestsOf(report)).toEqual(expected);
    const content = readFileSync(join(demo, file));
    const source = { file, bytes: content.length, sha256: sha256(content) };
    expect(report.model).toMatchObject({
      ...{ name: "tiny-llama", source: `local file ${file}`, commit: null, files: [source] },
      ...{ architecture: "llama", parameters: expect.any(Number) },
    });
    expect(readFileSync(output(out, "convert", "model.gguf")).equals(content)).toBe(true);
    const text = (name: string) => readFileSync(join(report.release, name), "utf8");
    expect(text("provenance.intoto.json")).toContain(source.sha256);
    expect(text("recipe.lock.yaml")).toContain(`sha256:${source.sha256}`);
    expect(text("README.md")).toContain("Quantized from a local GGUF file");
    const locked = () => quantsmith(["run", recipe, "--out", out, "--json", "--locked"]);
    expect((await locked()).exitCode).toBe(0);
    const other = Buffer.from(content);
    other[other.length - 1] = (other[other.length - 1] ?? 0) ^ 1;
    writeFileSync(join(demo, file), other);
    expect(JSON.parse((await locked()).stdout).error).toMatchObject({ code: "QS-LOCK-MOVED" });
    writeFileSync(join(demo, file), content);
  });

  test("may be split", async () => {
    const folder = join(demo, "split");
    mkdirSync(folder);
    const toolchain = await resolveToolchain();
    const { files } = await splitGguf({
      ...{ toolchain, cwd: demo, threads: 1, model: file, outPrefix: "split/tiny-llama-BF16" },
      maxFileBytes: 4e6,
    });
    expect(files.length).toBeGreaterThan(1);
    const { exitCode, report, stderr } = await runWith(`./${files[0]}`, "split-source", ["--until", "quantize"]);
    expect(exitCode, stderr).toBe(0);
    expect(digestsOf(report)).toEqual(expected);
    expect(report.model.files).toHaveLength(files.length);
    rmSync(join(demo, files[1] ?? ""));
    const missing = await runWith(`./${files[0]}`, "split-source", ["--until", "quantize"]);
    expect(missing).toMatchObject({ exitCode: 2, report: { error: { code: "QS-FETCH-SPLIT", at: { line: 2 } } } });
  });

  test("that is quantized is refused at its place in the recipe", async () => {
    copyFileSync(join(home, "single-out/releases/single/tiny-llama-Q4_K_M.gguf"), join(demo, "quantized.gguf"));
    const { exitCode, report, recipe } = await runWith("./quantized.gguf", "refused");
    expect(exitCode).toBe(2);
    expect(report.error).toMatchObject({ code: "QS-FETCH-QUANTIZED", at: { file: recipe, line: 2, column: 18 } });
    expect(report.error.message).toMatch(/"quantized.gguf" is already quantized: ".+" is Q\d_K/);
  });
});

describe("a GGUF file on the Hub", () => {
  let hub: Hub;
  let env: Record<string, string>;

  beforeAll(async () => {
    hub = await Hub.start();
    hub.create("org/tiny-GGUF").commit({
      ...{ [`BF16/${file}`]: readFileSync(join(demo, file)), "other.gguf": readFileSync(join(demo, file)) },
      ...{ "quantized.gguf": readFileSync(join(demo, "quantized.gguf")), LICENSE: "terms" },
      "README.md": "---\nlicense: mit\nbase_model: org/tiny\n---\n",
    });
    env = { HF_ENDPOINT: hub.url, HF_HOME: home, HF_HUB_CACHE: join(home, "hub") };
  });
  afterAll(() => hub.close());

  test("is downloaded alone, with the card's licence and base model", async () => {
    const { exitCode, report, stderr, out } = await runWith(`hf:org/tiny-GGUF/BF16/${file}`, "hub", [], env);
    expect(exitCode, stderr).toBe(0);
    expect(digestsOf(report)).toEqual(expected);
    const source = `hf:org/tiny-GGUF/BF16/${file}`;
    expect(report.model).toMatchObject({ source, commit: hub.create("org/tiny-GGUF").resolve("main") });
    expect(hub.requests.filter(({ path }) => /other\.gguf/.test(path))).toEqual([]);
    const card = readFileSync(join(report.release, "README.md"), "utf8");
    expect(card).toContain("base_model: org/tiny\n");
    expect(card).toContain("license: mit\n");
    const provenance = readFileSync(join(report.release, "provenance.intoto.json"), "utf8");
    expect(provenance).toContain(`/org/tiny-GGUF/resolve/${report.model.commit}/BF16/${file}`);
    // One file on the disk, since the cache's content does not change.
    const snapshot = output(out, "fetch", `snapshot/BF16/${file}`);
    expect(statSync(output(out, "convert", "model.gguf")).ino).toBe(statSync(snapshot).ino);
    expect(hub.violations).toEqual([]);
  });

  test.each([
    ["quantized.gguf", "QS-FETCH-QUANTIZED"],
    ["none.gguf", "QS-HUB-MISSING"],
  ])("%s is refused before the download", async (name, code) => {
    const { report } = await runWith(`hf:org/tiny-GGUF/${name}`, "hub-refused", [], env);
    expect(report.error).toMatchObject({ code, at: { line: 2, column: 18 } });
  });
});
