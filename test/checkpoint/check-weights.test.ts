import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { checkWeights, type WeightsCheck } from "../../src/checkpoint/check-weights.js";
import { findNonFinite } from "../../src/checkpoint/non-finite.js";
import { scanJson } from "../../src/checkpoint/scan-json.js";
import { failureOf } from "../fixtures/failure.js";
import { rawSafetensors, SafetensorsParts } from "../fixtures/safetensors-builder.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const base = temporaryFolder();
const { signal } = new AbortController();
const name = "model.safetensors";

/** Creates a folder with a tensor after one of five bytes, so that its data has an odd offset. */
function folderWith(dtype: string, size: number, count: number, change: (data: Buffer) => void, tensor = "t"): string {
  const data = Buffer.alloc(count * size);
  change(data);
  const header = {
    first: { dtype: "I8", shape: [5], data_offsets: [0, 5] },
    [tensor]: { dtype, shape: [count], data_offsets: [5, 5 + data.length] },
  };
  const file = rawSafetensors(JSON.stringify(header), 5 + data.length);
  data.copy(file, file.length - data.length);
  const folder = mkdtempSync(join(base, "model-"));
  writeFileSync(join(folder, name), file);
  return folder;
}

const check = (folder: string, how: WeightsCheck) => checkWeights(folder, [name], how, { signal });

describe("NaN and infinity in the weights", () => {
  const values: [what: string, dtype: string, bytes: number[]][] = [
    ["NaN", "F32", [0x00, 0x00, 0xc0, 0x7f]],
    ["-infinity", "F32", [0x00, 0x00, 0x80, 0xff]],
    ["NaN", "F16", [0x01, 0x7e]],
    ["infinity", "F16", [0x00, 0x7c]],
    ["NaN", "BF16", [0xc0, 0x7f]],
    ["-infinity", "BF16", [0x80, 0xff]],
    ["NaN", "F64", [0, 0, 0, 0, 0, 0, 0xf8, 0x7f]],
    ["infinity", "F64", [0, 0, 0, 0, 0, 0, 0xf0, 0x7f]],
    ["NaN", "F8_E4M3", [0xff]],
    ["infinity", "F8_E5M2", [0x7c]],
    ["NaN", "F8_E8M0", [0xff]],
    ["a scale of infinite values", "F8_E8M0", [0xfd]],
  ];
  test.each(values)("finds the index of %s in %s", async (_, dtype, bytes) => {
    const folder = folderWith(dtype, bytes.length, 100, (data) => data.set(bytes, 37 * bytes.length));
    for (const how of ["sample", "full"] as const) {
      const error = await failureOf(check(folder, how));
      expect(error.code).toBe("QS-FETCH-NAN");
      expect(error.message).toContain('"t"');
      expect(error.message).toContain("index 37");
      expect(error.at).toEqual({ file: join(folder, name) });
    }
    await check(folder, "none");
  });

  test.each([
    ["F16", [0xff, 0x7b]],
    ["BF16", [0x7f, 0x7f]],
    ["F32", [0xff, 0xff, 0x7f, 0x7f]],
    ["F8_E4M3", [0x7e]],
    ["F8_E5M2", [0x7b]],
    ["F8_E8M0", [0xfc]],
    ["U8", [0xff]],
    ["I16", [0xff, 0x7f]],
  ])("accepts the largest finite %s", async (dtype, bytes) => {
    const folder = folderWith(dtype, bytes.length, 100, (data) => data.set(bytes, 0));
    await check(folder, "full");
  });

  test.each([
    ["F16", (bits: number) => (bits & 0x7c00) === 0x7c00],
    ["BF16", (bits: number) => (bits & 0x7f80) === 0x7f80],
  ])("classifies every %s at every position of a word", (dtype, isNonFinite) => {
    const bytes = Buffer.alloc(6);
    for (let bits = 0; bits < 0x10000; bits++) {
      for (let index = 0; index < 3; index++) {
        bytes.fill(0).writeUInt16LE(bits, 2 * index);
        if ((findNonFinite(bytes, dtype) === index) !== isNonFinite(bits)) expect.unreachable(`${bits} at ${index}`);
      }
    }
  });

  test.each(["experts.down_proj_scales", "experts.0.down_proj.weight_scale"])(
    "finds it in the bytes of MXFP4 scales: %s",
    async (scales) => {
      const folder = folderWith("U8", 1, 100, (data) => data.set([0xff], 37), scales);
      const error = await failureOf(check(folder, "full"));
      expect([error.code, error.message]).toEqual(["QS-FETCH-NAN", expect.stringMatching(`"${scales}".*index 37`)]);
    },
  );

  test.each([
    ["w.weight_scale_inv", "w.weight", "F32"],
    ["w.weight_scale", "w.weight", "BF16"],
    ["w.qscale_weight", "w.weight", "F16"],
    ["experts.up_proj_scale_inv", "experts.up_proj", "F32"],
  ])("finds a negative scale %s of FP8 weights", async (scale, weight, dtype) => {
    const size = dtype === "F32" ? 4 : 2;
    const folderOf = (type: string, value: number) => {
      const parts = new SafetensorsParts();
      parts.add(weight, type, [4], new Uint8Array(4));
      // The lowest byte of -0 or of a value below it, after two zeros.
      const data = new Uint8Array(3 * size);
      data.set([value], 2 * size);
      data[data.length - 1] = 0x80;
      parts.add(scale, dtype, [3], data);
      const folder = mkdtempSync(join(base, "scales-"));
      writeFileSync(join(folder, name), parts.build());
      return folder;
    };
    const error = await failureOf(check(folderOf("F8_E4M3", 1), "full"));
    expect([error.code, error.message]).toEqual(["QS-FETCH-NAN", expect.stringContaining("negative scale at index 2")]);
    await check(folderOf("F8_E4M3", 0), "full");
    await check(folderOf("I8", 1), "full");
  });

  test.each([
    ["w.weight_scale_inv", "F32", [0, 0, 0x7f, 0x43], [0, 0, 0x80, 0x43]],
    ["w.weight_scale", "BF16", [0x7f, 0x43], [0x80, 0x43]],
    ["w.qscale_weight", "F16", [0xff, 0x5b], [0x00, 0x5c]],
    ["w.weight_scale_inv", "F8_E8M0", [134], [135]],
    // 1e30, as the bytes of MXFP8.
    ["w.weight_scale", "U8", [134], [227]],
  ])("finds a huge scale %s of FP8 or integer weights in another file, as %s", async (scale, dtype, largest, huge) => {
    const checkOf = (type: string, value: number[], weight = "w.weight") => {
      const folder = mkdtempSync(join(base, "shards-"));
      const [scales, weights] = [new SafetensorsParts(), new SafetensorsParts()];
      const zero = value.map((_, index) => (index === value.length - 1 && value.length > 1 ? 0x80 : 0));
      scales.add(scale, dtype, [3], Uint8Array.from([...zero, ...largest, ...value]));
      weights.add(weight, type, type === "I32" ? [1] : [4], new Uint8Array(4));
      writeFileSync(join(folder, "a.safetensors"), scales.build());
      writeFileSync(join(folder, "b.safetensors"), weights.build());
      return checkWeights(folder, ["a.safetensors", "b.safetensors"], "full", { signal });
    };
    const weights = [["F8_E4M3"], ["I8"], ["I32", "w.weight_packed"]] as const;
    for (const [type, weight] of weights) {
      const error = await failureOf(checkOf(type, huge, weight));
      expect(error).toMatchObject({ code: "QS-FETCH-NAN", at: { file: expect.stringContaining("a.safetensors") } });
      expect(error.message).toMatch(new RegExp(`"${scale}".* a scale of 256 or more, .*at index 2$`));
      await checkOf(type, largest, weight);
    }
    await checkOf("I32", huge);
  });

  test("a huge scale of integers may be negative", async () => {
    const parts = new SafetensorsParts();
    parts.add("w.weight", "I8", [4], new Uint8Array(4));
    parts.add("w.weight_scale", "F32", [1], new Uint8Array(Float32Array.of(-1e30).buffer));
    const folder = mkdtempSync(join(base, "integers-"));
    writeFileSync(join(folder, name), parts.build());
    expect(await failureOf(check(folder, "full"))).toMatchObject({ code: "QS-FETCH-NAN" });
  });

  test("a sample covers ends and middle of a large tensor, the full check every value", async () => {
    const count = 2_000_000;
    const at = (index: number) => folderWith("F16", 2, count, (data) => data.writeUInt16LE(0x7c00, 2 * index));
    for (const index of [0, count / 2, count - 1]) {
      expect((await failureOf(check(at(index), "sample"))).message).toContain(`index ${index}`);
    }
    const between = at(count / 4);
    await check(between, "sample");
    expect((await failureOf(check(between, "full"))).message).toContain(`index ${count / 4}`);
  });

  test("stops on abort", async () => {
    const folder = folderWith("F16", 2, 100, () => undefined);
    const stopped = AbortSignal.abort(new Error("enough"));
    await expect(checkWeights(folder, [name], "full", { signal: stopped })).rejects.toThrow("enough");
  });
});

test.each([
  ["", { depth: 0, containers: 0, colons: 0, commas: 0, strings: 0 }],
  ['{"a":[1,2,{"b":"[{:,\\"]"}]}', { depth: 3, containers: 3, colons: 2, commas: 2, strings: 3 }],
  ['"\\\\",[', { depth: 1, containers: 1, colons: 0, commas: 1, strings: 1 }],
  ['"open \\', { depth: 0, containers: 0, colons: 0, commas: 0, strings: 1 }],
  ["]]]][", { depth: 0, containers: 1, colons: 0, commas: 0, strings: 0 }],
])("the extent of %j", (text, extent) => {
  expect(scanJson(Buffer.from(text))).toEqual(extent);
});
