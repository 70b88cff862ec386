import { readFileSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Gguf } from "../../src/gguf/gguf.js";
import { readGguf } from "../../src/gguf/read-header.js";
import { type Imatrix, readImatrix, readImportance } from "../../src/gguf/read-imatrix.js";
import { quantize } from "../../src/llamacpp/quantize.js";
import type { ToolRun } from "../../src/llamacpp/tool-run.js";
import { pinnedGgmlLibrary } from "../../src/llamacpp/toolchain/ggml-library.js";
import { ggmlTypes } from "../../src/quant/ggml-types.js";
import { NativePool } from "../../src/quant/native-pool.js";
import { quantizeTensor } from "../fixtures/quantize-tensor.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";
import { makeTinyModel } from "../fixtures/tiny-model.js";

const folder = temporaryFolder();
let run: ToolRun;
let base: Gguf;
let imatrix: Imatrix;
let pool: NativePool;

beforeAll(async () => {
  run = await makeTinyModel(folder);
  base = await readGguf(join(folder, "model.gguf"));
  imatrix = await readImatrix(join(folder, "imatrix.gguf"));
  pool = new NativePool({ library: await pinnedGgmlLibrary(), threads: 2 });
});
afterAll(() => pool.close());

/** Names of the tensors whose bytes differ from llama-quantize's file, and the number of compared tensors. */
async function compareWith(path: string): Promise<{ compared: number; different: string[] }> {
  const file = await readGguf(path);
  const theirs = readFileSync(path);
  const different: string[] = [];
  let compared = 0;
  for (const tensor of base.tensors) {
    const made = file.tensors.find(({ name }) => name === tensor.name);
    if (made === undefined) throw new Error(`${tensor.name} is missing`);
    if (made.type === tensor.type) continue;
    compared++;
    const importance = await readImportance(imatrix, tensor);
    const pieces: Uint8Array[] = [];
    const source = { ...tensor, path: base.path };
    for await (const piece of quantizeTensor({ pool, tensor: source, to: made.type, importance })) pieces.push(piece);
    const ours = Buffer.concat(pieces);
    if (!ours.equals(theirs.subarray(made.offset, made.offset + made.bytes))) different.push(tensor.name);
  }
  return { compared, different };
}

/* test/e2e/bank.test.ts compares every preset; this, every type, and the tensors of each shape. */
describe("the same bytes as llama-quantize", () => {
  const targets = ggmlTypes.filter((type) => type.target && type.quantized);
  const slow = targets.filter((type) => type.needsImatrix);
  const quick = targets.filter((type) => !type.needsImatrix);
  const files = { model: "model.gguf", imatrix: "imatrix.gguf", tensorTypes: "types.txt" };

  test.each(quick.map((type) => type.name))("%s for the tensors of one layer and the embedding", async (name) => {
    await writeFile(join(folder, "types.txt"), `(blk\\.0\\.|token_embd).*weight=${name.toLowerCase()}\n`);
    await quantize({ ...run, ...files, type: "Q8_0", out: `${name}.gguf` });
    const { compared, different } = await compareWith(join(folder, `${name}.gguf`));
    await rm(join(folder, `${name}.gguf`));
    // The other 35 have the type Q8_0.
    expect(compared).toBe(43);
    expect(different).toEqual([]);
  });

  // Initializing the tables of each of these types takes seconds per process.
  test("each type that requires an imatrix, for two tensors of one layer", async () => {
    expect(slow.length).toBe(6);
    const rules = slow.map((type, layer) => `blk\\.${layer}\\.(attn_v|ffn_down)=${type.name.toLowerCase()}\n`);
    await writeFile(join(folder, "types.txt"), rules.join(""));
    const { tensors } = await quantize({ ...run, ...files, type: "Q8_0", out: "mixed.gguf" });
    for (const type of slow) expect(tensors.filter(({ toType }) => toType === type.name).length).toBe(2);
    expect((await compareWith(join(folder, "mixed.gguf"))).different).toEqual([]);
  });

  test.each(["Q2_K", "Q4_K_M"])("preset %s with its mixture", async (preset) => {
    await quantize({ ...run, model: "model.gguf", imatrix: "imatrix.gguf", type: preset, out: `${preset}.gguf` });
    expect((await compareWith(join(folder, `${preset}.gguf`))).different).toEqual([]);
  });
});
