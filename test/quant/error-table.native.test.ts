import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Gguf } from "../../src/gguf/gguf.js";
import { readGguf } from "../../src/gguf/read-header.js";
import { type Imatrix, readImatrix, readImportance } from "../../src/gguf/read-imatrix.js";
import { type NewTensor, writeGguf } from "../../src/gguf/write-gguf.js";
import type { ToolRun } from "../../src/llamacpp/tool-run.js";
import { pinnedGgmlLibrary } from "../../src/llamacpp/toolchain/ggml-library.js";
import { buildErrorTable, type ErrorTable, measureTensorErrors } from "../../src/quant/error-table.js";
import { openGgml } from "../../src/quant/ggml-native.js";
import { type GgmlType, ggmlTypeByName } from "../../src/quant/ggml-types.js";
import { NativePool } from "../../src/quant/native-pool.js";
import { roundTripTensor } from "../../src/quant/round-trip-tensor.js";
import { type SourceTensor, tensorRows } from "../../src/quant/source-tensor.js";
import { measureErrors } from "../../src/stages/allocate/measure-errors.js";
import { failureOf } from "../fixtures/failure.js";
import { stageContext } from "../fixtures/stage-context.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";
import { makeTinyModel } from "../fixtures/tiny-model.js";

const folder = temporaryFolder();
const library = await pinnedGgmlLibrary();
const ggml = openGgml(library);
const types = ["IQ3_XXS", "Q2_K", "Q4_K", "Q8_0", "BF16"].map(named);
let base: Gguf;
let imatrix: Imatrix;
let pool: NativePool;
let table: ErrorTable;
let run: ToolRun;

function named(name: string): GgmlType {
  const type = ggmlTypeByName(name);
  if (type === undefined) throw new Error(`no type ${name}`);
  return type;
}

function source(gguf: Gguf, name: string): SourceTensor {
  const tensor = gguf.tensors.find((candidate) => candidate.name === name);
  if (tensor === undefined) throw new Error(`no tensor ${name}`);
  return { ...tensor, path: gguf.path };
}

function matrices(gguf: Gguf): SourceTensor[] {
  return gguf.tensors.filter(({ shape }) => shape.length > 1).map((tensor) => ({ ...tensor, path: gguf.path }));
}

async function bytesOf(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}

beforeAll(async () => {
  run = await makeTinyModel(folder);
  base = await readGguf(join(folder, "model.gguf"));
  imatrix = await readImatrix(join(folder, "imatrix.gguf"));
  pool = new NativePool({ library, threads: 2 });
  const importanceOf = (name: string) => readImportance(imatrix, source(base, name));
  table = await buildErrorTable({ pool, tensors: matrices(base), types, importanceOf });
});
afterAll(() => pool.close());

describe("the error table of the demo model", () => {
  test("one row per matrix, with role, layer and bytes", () => {
    expect(table.tensors.length).toBe(43);
    const down = table.tensors.find(({ name }) => name === "blk.5.ffn_down.weight");
    expect(down).toMatchObject({ role: "ffn_down", layer: 5, shape: [768, 256], elements: 768 * 256 });
    expect(down?.bytes).toEqual({ IQ3_XXS: 75_264, Q2_K: 64_512, Q4_K: 110_592, Q8_0: 208_896, BF16: 393_216 });
    expect(down?.experts).toBeUndefined();
  });

  test("fewer bits give more error; the source's type has none", () => {
    for (const { name, errors } of table.tensors) {
      expect(errors.BF16, name).toBe(0);
      expect(errors.Q8_0, name).toBeGreaterThan(0);
      expect(errors.Q4_K, name).toBeGreaterThan(errors.Q8_0 ?? 1);
      expect(errors.Q2_K, name).toBeGreaterThan(errors.Q4_K ?? 1);
      expect(errors.Q2_K, name).toBeLessThan(0.3);
    }
  });

  test("types that require an imatrix are omitted for tensors without data", () => {
    const without = table.tensors.filter(({ errors }) => !("IQ3_XXS" in errors)).map(({ name }) => name);
    expect(without).toEqual(["token_embd.weight"]);
  });

  test("a small tensor's error is the weighted error of all its values", async () => {
    const tensor = source(base, "blk.2.attn_k.weight");
    const importance = await readImportance(imatrix, tensor);
    const { columns, rows } = tensorRows(tensor);
    const bytes = readFileSync(base.path).subarray(tensor.offset, tensor.offset + 2 * columns * rows);
    const values = ggml.dequantizeRows(tensor.type, bytes);
    const back = ggml.dequantizeRows(
      named("Q4_K"),
      ggml.quantizeRows(named("Q4_K"), values, columns, importance?.values),
    );
    const weighted = (difference: (i: number) => number) =>
      values.reduce((sum, _, i) => sum + (importance?.values[i % columns] ?? 0) * difference(i) ** 2, 0);
    const expected = weighted((i) => (back[i] ?? 0) - (values[i] ?? 0)) / weighted((i) => values[i] ?? 0);
    expect(table.tensors.find(({ name }) => name === tensor.name)?.errors.Q4_K).toBeCloseTo(expected, 9);
  });

  test("a sample is close, and the result does not depend on the number of threads", async () => {
    const single = new NativePool({ library, threads: 1 });
    for (const name of ["token_embd.weight", "blk.0.ffn_up.weight"]) {
      const tensor = source(base, name);
      const options = { tensor, types, importance: await readImportance(imatrix, tensor) };
      const whole = await measureTensorErrors({ ...options, pool, sampleValues: 2 ** 21 });
      const sample = await measureTensorErrors({ ...options, pool, sampleValues: 2 ** 15 });
      expect(await measureTensorErrors({ ...options, pool: single, sampleValues: 2 ** 15 })).toEqual(sample);
      for (const type of ["Q2_K", "Q4_K", "Q8_0"]) {
        expect(sample.errors[type]).not.toBe(whole.errors[type]);
        expect((sample.errors[type] ?? 0) / (whole.errors[type] ?? 1)).toBeCloseTo(1, 1);
      }
    }
    await single.close();
  });

  test("a round trip through the source's type changes nothing; through another type, the error is the table's", async () => {
    const tensor = source(base, "blk.1.attn_q.weight");
    const importance = await readImportance(imatrix, tensor);
    const { columns, rows } = tensorRows(tensor);
    const original = ggml.dequantizeRows(
      tensor.type,
      await bytesOf(roundTripTensor({ pool, tensor, to: tensor.type })),
    );
    const bytes = await bytesOf(roundTripTensor({ pool, tensor, to: named("Q2_K"), importance }));
    expect(bytes.length).toBe(2 * columns * rows);
    const damaged = ggml.dequantizeRows(tensor.type, bytes);
    const weighted = (difference: (i: number) => number) =>
      original.reduce((sum, _, i) => sum + (importance?.values[i % columns] ?? 0) * difference(i) ** 2, 0);
    const error = weighted((i) => (damaged[i] ?? 0) - (original[i] ?? 0)) / weighted((i) => original[i] ?? 0);
    const listed = table.tensors.find(({ name }) => name === tensor.name)?.errors.Q2_K ?? 0;
    // Storing the result in bf16 rounds it slightly.
    expect(error / listed).toBeCloseTo(1, 2);
  });
});

describe("experts", () => {
  const down = (layer: number) => `blk.${layer}.ffn_down.weight`;
  let experts: Gguf;
  let ofExperts: Imatrix;

  /** Three feed-forward matrices of the demo model as experts of one tensor; the second has no tokens, the third few. */
  beforeAll(async () => {
    const layers = [0, 1, 2].map((layer) => source(base, down(layer)));
    const sums = layers.map(({ name }) => imatrix.entries.get(name)?.sums);
    const model: NewTensor = {
      name: "blk.0.ffn_down_exps.weight",
      shape: [768, 256, 3],
      type: named("BF16"),
      data: join3(),
    };
    async function* join3() {
      for (const tensor of layers) yield* roundTripTensor({ pool, tensor, to: tensor.type });
    }
    async function* joinSums() {
      for (const part of sums) {
        yield readFileSync(imatrix.path).subarray(part?.offset, (part?.offset ?? 0) + (part?.bytes ?? 0));
      }
    }
    async function* counts() {
      yield new Uint8Array(Float32Array.from([768, 0, 4]).buffer);
    }
    await writeGguf(join(folder, "experts.gguf"), { metadata: base.metadata, tensors: [model] });
    const header = (await readGguf(imatrix.path)).metadata;
    const f32 = named("F32");
    await writeGguf(join(folder, "experts-imatrix.gguf"), {
      metadata: header,
      tensors: [
        { name: `${model.name}.in_sum2`, shape: [768, 3], type: f32, data: joinSums() },
        { name: `${model.name}.counts`, shape: [1, 3], type: f32, data: counts() },
      ],
    });
    experts = await readGguf(join(folder, "experts.gguf"));
    ofExperts = await readImatrix(join(folder, "experts-imatrix.gguf"));
  });

  test("are measured separately, and averaged by their share of tokens", async () => {
    const tensor = source(experts, "blk.0.ffn_down_exps.weight");
    const importance = await readImportance(ofExperts, tensor);
    const row = await measureTensorErrors({ pool, tensor, types, importance });
    expect(row).toMatchObject({ role: "ffn_down_exps", layer: 0, elements: 3 * 768 * 256 });
    expect(row.bytes.Q4_K).toBe(3 * 110_592);
    const alone = (layer: number) => table.tensors.find(({ name }) => name === down(layer))?.errors.Q4_K ?? 0;
    expect(row.experts?.Q4_K?.[0]).toBeCloseTo(alone(0), 6);
    // A common factor on all weights does not change the relative error.
    expect(row.experts?.Q4_K?.[2]).toBeCloseTo(alone(2), 5);
    const unweighted = await measureTensorErrors({ pool, tensor: source(base, down(1)), types: [named("Q4_K")] });
    expect(row.experts?.Q4_K?.[1]).toBeCloseTo(unweighted.errors.Q4_K ?? 0, 3);
    const [first = 0, , third = 0] = row.experts?.Q4_K ?? [];
    expect(row.errors.Q4_K).toBeGreaterThan(Math.min(first, third) * 0.999);
    expect(row.errors.Q4_K).toBeLessThan(Math.max(first, third) * 1.001);
  });
});

describe("errors", () => {
  test("files that are not an imatrix, entries of another shape", async () => {
    expect((await failureOf(readImatrix(base.path))).code).toBe("QS-IMATRIX-INVALID");
    const other = { name: "blk.0.attn_q.weight", shape: [512, 256] };
    const error = await failureOf(readImportance(imatrix, other));
    expect(error).toMatchObject({
      code: "QS-IMATRIX-INVALID",
      message: expect.stringContaining("blk.0.attn_q.weight"),
    });
    expect(await readImportance(imatrix, { name: "nobody.weight", shape: [256, 256] })).toBeUndefined();
  });

  test("the pool reports an invalid library and a truncated file, and continues", async () => {
    const broken = new NativePool({ library: join(folder, "none.so"), threads: 2 });
    const tensor = source(base, "blk.0.attn_q.weight");
    expect((await failureOf(bytesOf(roundTripTensor({ pool: broken, tensor, to: named("Q4_K") })))).code).toBe(
      "QS-GGML-LOAD",
    );
    await broken.close();
    const beyond = { ...tensor, offset: base.fileBytes - 100 };
    await expect(bytesOf(roundTripTensor({ pool, tensor: beyond, to: named("Q4_K") }))).rejects.toThrow(/shrank/);
    expect((await bytesOf(roundTripTensor({ pool, tensor, to: named("Q4_K") }))).length).toBe(2 * 256 * 256);
  });

  test("closing the pool ends running tasks", async () => {
    const closing = new NativePool({ library, threads: 2 });
    const work = bytesOf(
      roundTripTensor({ pool: closing, tensor: source(base, "token_embd.weight"), to: named("Q4_K") }),
    );
    const outcome = expect(work).rejects.toThrow(/^the pool (is|was) closed$/);
    await closing.close();
    await outcome;
  });
});

test("a table with one more type measures only that type, and equals a new table", async () => {
  const inputs = { model: join(folder, "model.gguf"), imatrix: join(folder, "imatrix.gguf") };
  const measure = async (types: string[], relatives: string[]) => {
    const context = stageContext(run, inputs, { reusableSteps: relatives });
    const { measurements } = await measureErrors.run({ types, preset: null, allowRequantize: false }, context);
    const text = readFileSync(join(context.out, "errors.json"), "utf8");
    return { out: context.out, text, measured: measurements?.errorsMeasured };
  };
  const matrixCount = matrices(base).length;
  const first = await measure(["Q2_K", "Q4_K"], []);
  expect(first.measured).toBe(2 * matrixCount);
  const fewer = await measure(["Q4_K"], [first.out, join(folder, "gone")]);
  expect(fewer.measured).toBe(0);
  const more = await measure(["Q2_K", "Q3_K", "Q4_K"], [fewer.out, first.out]);
  expect(more.measured).toBe(matrixCount);
  expect(more.text).toBe((await measure(["Q2_K", "Q3_K", "Q4_K"], [])).text);
});
