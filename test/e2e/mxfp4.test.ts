import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { readGguf } from "../../src/gguf/read-header.js";
import { writeOutline } from "../../src/stages/convert/write-outline.js";
import type { JsonObject } from "../../src/util/canonical-json.js";
import { gptOssConfig, writeGptOss } from "../fixtures/checkpoints/gpt-oss.js";
import { demoFolder, quantsmith } from "../fixtures/cli.js";
import { converterPython } from "../fixtures/converter-python.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

/* gpt-oss, whose experts are MXFP4 in the checkpoint: from `init` to the release, then from the GGUF file of its base. */
const home = temporaryFolder();
const out = join(home, "out");
const base = join(home, "base-MXFP4.gguf");
const effort = `
pipeline: preview
convert: { pretokenizer: gpt-4o }
calibration: { corpus: ./text/calibration.txt, chunks: 2, context: 128 }
search: { corpus: ./text/search.txt, chunks: 1 }
evaluation: { corpus: ./text/evaluation.txt, chunks: 2, context: 128 }
gates: { perplexityRatio: { max: 100 }, kldMean: { max: 100 } }
smoke: []
`;

beforeAll(async () => {
  await writeGptOss(join(home, "gpt-oss"));
  cpSync(join(demoFolder, "text"), join(home, "text"), { recursive: true });
});

function write(name: string, source: string, variants: string): string {
  const recipe = join(home, name);
  writeFileSync(recipe, `version: 1\nmodel: { source: ${source} }${effort}variants:\n${variants}\n`);
  return recipe;
}

/** Types and bytes of the experts' tensors, which must be the source's. */
async function experts(path: string) {
  const { tensors } = await readGguf(path);
  const content = readFileSync(path);
  const found = tensors.filter(({ name }) => /_exps\.weight$/.test(name));
  return found.map(({ name, type, offset, bytes }) => [
    name,
    type.name,
    content.subarray(offset, offset + bytes).toString("base64"),
  ]);
}

/** Name, type and shape of a file's tensors, in order of their names. */
async function described(path: string) {
  const { tensors } = await readGguf(path);
  return tensors.map(({ name, type, shape }) => `${name} ${type.name} ${shape}`).sort();
}

/** The tensors that a plan foresees from the checkpoint's headers. */
async function foreseen() {
  const folder = join(home, "gpt-oss");
  const path = join(home, "outline.gguf");
  expect(await writeOutline(path, { folder, config: gptOssConfig as JsonObject, outtype: "bf16" })).toBe(true);
  return described(path);
}

test("experts in MXFP4 are copied into every variant, and the other tensors are quantized", async (context) => {
  await converterPython(context);
  const drafted = join(home, "drafted.yaml");
  expect((await quantsmith(["init", join(home, "gpt-oss"), "--out", drafted])).exitCode).toBe(0);
  const [, variants = ""] = /\nvariants:\n([\s\S]*?)\n\n/.exec(readFileSync(drafted, "utf8")) ?? [];
  expect(variants).toContain("- MXFP4_MOE");
  const feedback = "  - { name: Q4_0, preset: Q4_0, rounding: feedback }";
  const recipe = write("checkpoint.yaml", "./gpt-oss", `${variants}\n${feedback}`);
  const { exitCode, stdout, stderr } = await quantsmith(["run", recipe, "--out", out, "--json"]);
  expect(exitCode, stderr).toBe(0);
  const report = JSON.parse(stdout);
  const store = readdirSync(join(out, "store")).filter((name) => name.startsWith("convert-"));
  cpSync(join(out, "store", store[0] ?? "", "model.gguf"), base);
  expect(await foreseen()).toEqual(await described(base));
  const own = await experts(base);
  expect(own).toHaveLength(6);
  const source = await readGguf(base);
  for (const { name, file, types, rounding, bytes } of report.variants) {
    expect(types.MXFP4, name).toBe(6);
    expect(bytes, name).toBeLessThan(source.fileBytes);
    expect(await experts(join(report.release, file))).toEqual(own);
    if (name === "Q4_0") expect(rounding.tensors).toBeGreaterThan(0);
  }
  expect(report.variants.map(({ name }: { name: string }) => name)).toEqual(["MXFP4_MOE", "Q4_K_M", "Q4_0"]);
  const card = readFileSync(join(report.release, "README.md"), "utf8");
  expect(card).toContain("it has 6 tensors in MXFP4");
});

const refused: [variants: string, code: string, message: RegExp][] = [
  ["  - F16", "QS-QUANTIZE-LARGER", /F16 has 16.0 bits per weight.*MXFP4 with 4.25/],
  ["  - { preset: Q5_K_M, allowRequantize: true }", "QS-QUANTIZE-LARGER", /larger and not better/],
  // Rows of 320 values need the fallback Q4_0.
  ["  - { preset: Q3_K_S, allowRequantize: true }", "QS-QUANTIZE-LARGER", /Q3_K_S stores 6 tensors.*such as Q4_0/],
  ["  - { preset: Q4_K_M, tensors: { ffn_down_exps: Q2_0 } }", "QS-QUANTIZE-REQUANTIZE", /in MXFP4/],
];

test.each(refused)("%s is refused in the plan, before the conversion", async (variants, code, message) => {
  const recipe = write("refused.yaml", "./gpt-oss", variants);
  const { stdout } = await quantsmith(["plan", recipe, "--out", join(home, "empty"), "--json"]);
  expect(JSON.parse(stdout).error).toMatchObject({ code, message: expect.stringMatching(message) });
});

test("allowRequantize makes the experts smaller, by both engines alike", async (context) => {
  await converterPython(context);
  const variants = "  - { name: Q2_K, preset: Q4_0, tensors: { ffn_up_exps: Q2_0 }, allowRequantize: true }";
  const digests = [];
  for (const engine of ["bank", "llama-quantize"]) {
    const recipe = write(`${engine}.yaml`, "./base-MXFP4.gguf", variants);
    const text = readFileSync(recipe, "utf8").replace(
      "convert: { pretokenizer: gpt-4o }",
      `quantize: { engine: ${engine} }`,
    );
    writeFileSync(recipe, text);
    const run = await quantsmith(["run", recipe, "--out", join(home, engine), "--until", "quantize", "--json"]);
    expect(run.exitCode, run.stderr).toBe(0);
    digests.push(JSON.parse(run.stdout).variants[0].sha256);
  }
  expect(digests[0]).toBe(digests[1]);
});
