import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readSafetensorsHeader } from "../../src/checkpoint/safetensors.js";
import { QuantsmithError } from "../../src/util/errors.js";
import { failureOf } from "../fixtures/failure.js";
import { randomIntegers } from "../fixtures/random.js";
import { buildSafetensors, rawSafetensors } from "../fixtures/safetensors-builder.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const path = join(temporaryFolder(), "model.safetensors");
const tinyLlama = join(import.meta.dirname, "../../recipes/demo/tiny-llama/model.safetensors");

function read(content: Buffer) {
  writeFileSync(path, content);
  return readSafetensorsHeader(path);
}

function entry(dtype: unknown, shape: unknown, begin: unknown, end: unknown): string {
  return JSON.stringify({ dtype, shape, data_offsets: [begin, end] });
}

describe("valid files", () => {
  test("the demo model", async () => {
    const header = await readSafetensorsHeader(tinyLlama);
    expect(header.tensors).toHaveLength(56);
    const embedding = header.tensors.find(({ name }) => name === "model.embed_tokens.weight");
    expect(embedding).toMatchObject({ dtype: "BF16", shape: [4096, 256], elements: 4096 * 256, bytes: 2 * 4096 * 256 });
  });

  test("any order, scalars, empty tensors, packed types, padding, names with punctuation", async () => {
    const name = JSON.stringify('a":{"b:c\\');
    const header = `{"last":${entry("F32", [], 11, 15)},${name}:${entry("U8", [8], 0, 8)},"none":${entry("I64", [0, 3], 8, 8)},"packed":${entry("F6_E2M3", [4], 8, 11)}}   `;
    const { tensors } = await read(rawSafetensors(header, 15));
    const start = 8 + Buffer.byteLength(header);
    expect(tensors.map(({ name, elements, bytes, offset }) => [name, elements, bytes, offset - start])).toEqual([
      ["last", 1, 4, 11],
      ['a":{"b:c\\', 8, 8, 0],
      ["none", 0, 0, 8],
      ["packed", 4, 3, 8],
    ]);
  });
});

test("blanks before the header's first bracket", async () => {
  const header = ` \n\t{"a.e-1":${entry("F32", [2], 0, 8)}}`;
  const { tensors } = await read(rawSafetensors(header, 8));
  expect(tensors).toMatchObject([{ name: "a.e-1", offset: 8 + header.length }]);
});

test("a Git LFS pointer", async () => {
  const pointer = Buffer.from("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n");
  await expect(read(pointer)).rejects.toMatchObject({ code: "QS-LFS-POINTER" });
});

const good = entry("F32", [2], 0, 8);
const broken: [what: string, content: Buffer][] = [
  ["an empty file", Buffer.alloc(0)],
  ["7 bytes", Buffer.alloc(7)],
  ["a header beyond the cap", rawSafetensors("{}", 30_000_000, 25_000_001)],
  ["a header of 2^64 - 1 bytes", rawSafetensors("{}", 0, 2n ** 64n - 1n)],
  ["a header longer than the file", rawSafetensors("{}", 0, 3)],
  ["an empty header", rawSafetensors("", 0)],
  ["invalid JSON", rawSafetensors("{", 0)],
  ["endless brackets", rawSafetensors("[".repeat(100_000), 0)],
  ["nested brackets", rawSafetensors(`{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`, 0)],
  ["a list", rawSafetensors("[]", 0)],
  ["null", rawSafetensors("null", 0)],
  ["offsets as floats", rawSafetensors('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0.0,8.0]}}', 8)],
  ["an offset with an exponent", rawSafetensors('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8e0]}}', 8)],
  ["an offset of -0", rawSafetensors('{"a":{"dtype":"F32","shape":[2],"data_offsets":[-0,8]}}', 8)],
  ["a dimension as a float", rawSafetensors('{"a":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}}', 8)],
  ["malformed UTF-8", rawSafetensors(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 0)],
  ["a numeric entry", rawSafetensors('{"a":1}', 0)],
  ["a null entry", rawSafetensors('{"a":null}', 0)],
  ["non-text metadata", rawSafetensors('{"__metadata__":{"format":1}}', 0)],
  ["a duplicate tensor", rawSafetensors(`{"a":${good},"a":${good}}`, 8)],
  ["a duplicate tensor, once escaped", rawSafetensors(`{"a":${good},"\\u0061":${good}}`, 8)],
  ["a duplicate field", rawSafetensors('{"a":{"dtype":"F32","shape":[2],"shape":[2],"data_offsets":[0,8]}}', 8)],
  ["an unknown field", rawSafetensors('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"file":"../x"}}', 8)],
  ["an unknown dtype", rawSafetensors(`{"a":${entry("Q4", [2], 0, 8)}}`, 8)],
  ["no dtype", rawSafetensors('{"a":{"shape":[2],"data_offsets":[0,8]}}', 8)],
  ["a dtype with the name of a method", rawSafetensors(`{"a":${entry("toString", [2], 0, 8)}}`, 8)],
  ["no shape", rawSafetensors('{"a":{"dtype":"F32","data_offsets":[0,8]}}', 8)],
  ["a negative dimension", rawSafetensors(`{"a":${entry("F32", [-1, -2], 0, 8)}}`, 8)],
  ["a fractional dimension", rawSafetensors(`{"a":${entry("F32", [0.5, 4], 0, 8)}}`, 8)],
  ["a dimension as text", rawSafetensors(`{"a":${entry("F32", ["2"], 0, 8)}}`, 8)],
  ["a product that overflows", rawSafetensors(`{"a":${entry("F32", [2 ** 32, 2 ** 32], 0, 0)}}`, 0)],
  ["no data_offsets", rawSafetensors('{"a":{"dtype":"F32","shape":[2]}}', 8)],
  ["three data_offsets", rawSafetensors('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}}', 8)],
  ["negative data_offsets", rawSafetensors(`{"a":${entry("F32", [2], -8, 0)}}`, 8)],
  ["data_offsets beyond 2^53", rawSafetensors(`{"a":${entry("F32", [2], 2 ** 60, 2 ** 60 + 8)}}`, 8)],
  ["reversed data_offsets", rawSafetensors(`{"a":${entry("F32", [2], 8, 0)}}`, 8)],
  ["a span smaller than the shape", rawSafetensors(`{"a":${entry("F32", [3], 0, 8)}}`, 8)],
  ["a fractional byte count", rawSafetensors(`{"a":${entry("F4", [3], 0, 1)}}`, 1)],
  ["a gap before the first tensor", rawSafetensors(`{"a":${entry("F32", [2], 8, 16)}}`, 16)],
  ["a gap between tensors", rawSafetensors(`{"a":${good},"b":${entry("F32", [2], 12, 20)}}`, 20)],
  ["two tensors with one span", rawSafetensors(`{"a":${good},"b":${good}}`, 8)],
  ["overlapping tensors", rawSafetensors(`{"a":${good},"b":${entry("F32", [2], 4, 12)}}`, 12)],
  ["truncated data", rawSafetensors(`{"a":${good}}`, 7)],
  ["data after the last tensor", rawSafetensors(`{"a":${good}}`, 9)],
];

describe("broken files", () => {
  test.each(broken)("%s", async (_, content) => {
    const error = await failureOf(read(content));
    expect(error.code).toBe("QS-FETCH-SAFETENSORS");
    expect(error.at).toEqual({ file: path });
  });

  test("truncated at every byte", async () => {
    const whole = buildSafetensors({ a: [2, 3], b: [4] });
    for (let length = 0; length < whole.length; length++) {
      expect((await failureOf(read(whole.subarray(0, length)))).code).toBe("QS-FETCH-SAFETENSORS");
    }
    expect((await read(whole)).tensors).toHaveLength(2);
  });

  test("random byte changes give a valid header or a QuantsmithError", async () => {
    const whole = buildSafetensors({ "model.a": [2, 3], "model.b": [4] });
    const random = randomIntegers(0x5afe);
    let refused = 0;
    for (let round = 0; round < 1000; round++) {
      const damaged = Buffer.from(whole);
      damaged[random(whole.length - 20)] = random(256);
      await read(damaged).catch((error: unknown) => {
        if (!(error instanceof QuantsmithError)) throw error;
        refused++;
      });
    }
    expect(refused).toBeGreaterThan(500);
  });
});
