import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { pinnedGgmlLibrary } from "../../src/llamacpp/toolchain/ggml-library.js";
import { knownType } from "../../src/quant/ggml-types.js";
import { NativePool } from "../../src/quant/native-pool.js";
import { sampledRows } from "../../src/quant/row-ranges.js";
import { quantizeTensor } from "../fixtures/quantize-tensor.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

let pool: NativePool;

beforeAll(async () => {
  pool = new NativePool({ library: await pinnedGgmlLibrary(), threads: 1 });
});
afterAll(() => pool.close());

test.each([
  ["NaN", Number.NaN],
  ["infinity", Number.NEGATIVE_INFINITY],
])("%s in a tensor is reported with its name and index", async (_what, value) => {
  const [columns, rows, at] = [256, 4096, 695_685];
  const values = new Float32Array(columns * rows).fill(0.5);
  values[at] = value;
  const path = join(temporaryFolder(), "tensor.bin");
  writeFileSync(path, values);
  const tensor = { name: "token_embd.weight", shape: [columns, rows], type: knownType("F32"), path, offset: 0 };
  const expected = {
    code: "QS-GGML-VALUES",
    message: `the tensor "token_embd.weight" contains NaN or infinity at index ${at}, which no quantized type can store`,
    remedy: expect.stringContaining("checkWeights: full"),
  };
  const quantized = async () => {
    for await (const _piece of quantizeTensor({ pool, tensor, to: knownType("Q8_0"), importance: undefined }));
  };
  await expect(quantized()).rejects.toMatchObject(expected);
  const sampled = async () => {
    for (const part of sampledRows(tensor, undefined, 0, columns * rows)) {
      await pool.run({ kind: "errors", rows: part, types: ["Q4_K"] });
    }
  };
  await expect(sampled()).rejects.toMatchObject(expected);
});
