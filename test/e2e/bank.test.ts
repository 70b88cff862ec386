import { existsSync, openSync, readdirSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { StepRecord } from "../../src/engine/record.js";
import { readGguf } from "../../src/gguf/read-header.js";
import type { GgmlType } from "../../src/quant/ggml-types.js";
import { presets } from "../../src/quant/presets.js";
import { demoCopy, demoRecipe, put, quantsmith } from "../fixtures/cli.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

/*
 * Compares variants assembled by quantsmith with those of llama-quantize on the bundled model. The tests share one store
 * and depend on their order.
 */
const home = temporaryFolder();
const out = join(home, "out");
const rules = "{ name: Q6_K_L, preset: Q6_K, tensors: { token_embd: Q8_0, 'blk\\.[12]\\.attn_v': Q5_K } }";
/** Q4_K_M comes last, so that its tensors exist already. */
const first = ["Q4_K_S", "Q6_K", "Q4_K_M"];
const names = [...first, ...presets.map(({ name }) => name).filter((name) => !first.includes(name))];

/** In one release, the tag F16 would resolve to the BF16 file. */
const together = names.filter((name) => name !== "BF16");

type Engine = "bank" | "llama-quantize";

function recipe(name: string, engine: Engine, variants: readonly string[], stages: string): string {
  put(
    join(home, `${name}-pipeline.yaml`),
    `version: 1\nstages: [${stages}]\ncalibration: { chunks: 6, context: 128 }\n`,
  );
  return demoCopy(
    home,
    () =>
      `${demoRecipe.replace("pipeline: preview", `pipeline: ./${name}-pipeline.yaml\nquantize: { engine: ${engine} }`).replace("[Q8_0]", `[${variants.join(", ")}]`)}`,
    name,
  );
}

async function run(file: string, ...more: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await quantsmith(["run", file, "--out", out, "--json", ...more]);
  return exitCode === 0 ? "" : `${stdout}${stderr}`;
}

const calibrated = "fetch, convert, calibrate, quantize";
const plain = "fetch, convert, quantize";

/** A variant's record in the store, for an engine and with or without an imatrix. */
function made(variant: string, engine: Engine, imatrix = true) {
  const store = join(out, "store");
  for (const folder of readdirSync(store).filter((name) => name.startsWith("quantize-"))) {
    const file = join(store, folder, "record.json");
    if (!existsSync(file)) continue;
    const { step, fingerprint, inputs, outputs, measurements } = JSON.parse(readFileSync(file, "utf8")) as StepRecord;
    const bank = "node-llama-cpp" in fingerprint.tools;
    const matches = step === `quantize:${variant}` && bank === (engine === "bank") && "imatrix" in inputs === imatrix;
    if (!matches) continue;
    const model = outputs.find(({ path }) => path === "model.gguf");
    return {
      model: join(store, folder, "model.gguf"),
      sha256: model?.sha256,
      bytes: model?.bytes,
      outputs,
      measurements,
    };
  }
  throw new Error(`${engine} did not build ${variant}`);
}

/** Tensors of a variant that differ from the base, with their types. */
async function madeTensors(variant: string, imatrix = true): Promise<string[]> {
  const { tensors } = await readGguf(made(variant, "bank", imatrix).model);
  return tensors
    .filter(({ name, type }) => type !== baseTypes.get(name))
    .map(({ name, type }) => `${name} ${type.name}`);
}

let baseTypes: Map<string, GgmlType>;
let byBank: string;

beforeAll(async () => {
  byBank = recipe("bank", "bank", [...together, rules], calibrated);
  expect(await run(recipe("reference", "llama-quantize", [...together, rules], calibrated))).toBe("");
  expect(await run(byBank)).toBe("");
  expect(await run(recipe("bf16-bank", "bank", ["BF16"], calibrated))).toBe("");
  expect(await run(recipe("bf16-reference", "llama-quantize", ["BF16"], calibrated))).toBe("");
  expect(await run(recipe("plain-bank", "bank", ["Q2_K", "Q4_0", "F16"], plain))).toBe("");
  expect(await run(recipe("plain-reference", "llama-quantize", ["Q2_K", "Q4_0", "F16"], plain))).toBe("");
  // The preset BF16 changes no tensor.
  const base = await readGguf(made("BF16", "bank").model);
  baseTypes = new Map(base.tensors.map(({ name, type }) => [name, type]));
});

describe("the same bytes as llama-quantize", () => {
  test.each([...names, "Q6_K_L"])("%s", (name) => {
    const [ours, theirs] = [made(name, "bank"), made(name, "llama-quantize")];
    expect(ours.bytes).toBeGreaterThan(500_000);
    expect([ours.bytes, ours.sha256]).toEqual([theirs.bytes, theirs.sha256]);
    expect(ours.outputs.map(({ path }) => path)).toEqual(theirs.outputs.map(({ path }) => path));
  });

  test.each(["Q2_K", "Q4_0", "F16"])("%s without an imatrix", (name) => {
    expect(made(name, "bank", false).sha256).toBe(made(name, "llama-quantize", false).sha256);
    // The metadata names the imatrix.
    expect(made(name, "bank", false).bytes).toBeLessThan(made(name, "bank").bytes ?? 0);
  });
});

describe("quantized and copied tensors", () => {
  test("the first variant quantizes every tensor, a later one only missing tensors", async () => {
    expect(made("Q4_K_S", "bank").measurements.tensorsCopied).toBe(0);
    const before = new Set([...(await madeTensors("Q4_K_S")), ...(await madeTensors("Q6_K"))]);
    const own = await madeTensors("Q4_K_M");
    const tensorsCopied = own.filter((tensor) => before.has(tensor)).length;
    expect(tensorsCopied).toBeGreaterThan(35);
    const counts = { tensorsQuantized: own.length - tensorsCopied, tensorsCopied };
    expect(made("Q4_K_M", "bank").measurements).toEqual(counts);
  });

  test("quantizes each tensor once per type", async () => {
    const variants = [...names, "Q6_K_L"];
    const distinct = new Set((await Promise.all(variants.map((name) => madeTensors(name)))).flat());
    const counts = variants.map((name) => made(name, "bank").measurements.tensorsQuantized ?? 0);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(distinct.size);
  });

  test("--fresh copies nothing from earlier runs", async () => {
    expect(await run(byBank, "--fresh", "--only", "quantize", "--variant", "Q4_K_M", "Q5_K_M")).toBe("");
    expect(made("Q4_K_M", "bank").measurements.tensorsCopied).toBe(0);
    // Tensors that both variants have at 6 bits are from this run.
    expect(made("Q5_K_M", "bank").measurements.tensorsCopied).toBeGreaterThan(0);
    expect(made("Q4_K_M", "bank").sha256).toBe(made("Q4_K_M", "llama-quantize").sha256);
  });

  test("copies nothing from a damaged variant", async () => {
    const { model } = made("Q2_K", "bank", false);
    const damaged = await madeTensors("Q2_K", false);
    const file = openSync(model, "r+");
    writeSync(file, Buffer.alloc(1000, 1), 0, 1000, 300_000);
    expect(await run(recipe("more", "bank", ["Q3_K_S"], plain))).toBe("");
    const others = new Set([...(await madeTensors("Q4_0", false)), ...(await madeTensors("F16", false))]);
    const own = await madeTensors("Q3_K_S", false);
    const { tensorsCopied } = made("Q3_K_S", "bank", false).measurements;
    expect(tensorsCopied).toBe(own.filter((tensor) => others.has(tensor)).length);
    expect(own.filter((tensor) => damaged.includes(tensor)).length).toBeGreaterThan(tensorsCopied ?? 0);
    expect(await run(recipe("again", "bank", ["Q2_K"], plain))).toBe("");
    expect(made("Q2_K", "bank", false).sha256).toBe(made("Q2_K", "llama-quantize", false).sha256);
    expect(made("Q2_K", "bank", false).measurements.tensorsCopied).toBeGreaterThan(0);
  });
});

describe("the same errors as llama-quantize", () => {
  test.each(["IQ2_M", "Q2_K_S"])("%s without an imatrix", async (preset) => {
    for (const engine of ["bank", "llama-quantize"] as const) {
      const output = await run(recipe(`no-${preset}-${engine}`, engine, [preset], plain));
      expect(output, engine).toContain("QS-QUANTIZE-IMATRIX");
      expect(output, engine).toMatch(/the type of \\?"?blk\.0\.\S+ needs an imatrix/i);
    }
  });

  test("a rule that llama-quantize ignores, and one without matching tensors", async () => {
    for (const engine of ["bank", "llama-quantize"] as const) {
      const ignored = "{ name: F16, preset: F16, tensors: { attn_v: Q8_0 } }";
      expect(await run(recipe(`ignored-${engine}`, engine, [ignored], plain)), engine).toContain(
        "the rule requires Q8_0",
      );
      const nothing = "{ name: Q6_K, preset: Q6_K, tensors: { attn_x: Q8_0 } }";
      expect(await run(recipe(`nothing-${engine}`, engine, [nothing], plain)), engine).toContain(
        "does not match any tensor",
      );
    }
  });
});
