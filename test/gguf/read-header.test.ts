import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { metadataNumber, metadataString } from "../../src/gguf/metadata.js";
import { readGguf } from "../../src/gguf/read-header.js";
import { parameterCount } from "../../src/gguf/summary.js";
import { failureOf } from "../fixtures/failure.js";
import {
  architecture,
  arrayPair,
  buildGguf,
  buildHeader,
  rawPair,
  stringPair,
  text,
  u32,
  u64,
  uint32Pair,
  valueType,
} from "../fixtures/gguf-builder.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const folder = temporaryFolder();
const path = join(folder, "model.gguf");

function read(content: Buffer) {
  writeFileSync(path, content);
  return readGguf(path);
}

describe("valid files", () => {
  test("every value type", async () => {
    const bytes = (length: number, write: (buffer: Buffer) => void) => {
      const buffer = Buffer.alloc(length);
      write(buffer);
      return buffer;
    };
    const double = bytes(8, (buffer) => buffer.writeDoubleLE(0.1));
    const { metadata } = await read(
      buildGguf({
        metadata: [
          architecture,
          rawPair("u8", valueType.uint8, Buffer.from([255])),
          rawPair("i8", valueType.int8, Buffer.from([255])),
          rawPair("u16", valueType.uint16, Buffer.from([255, 255])),
          rawPair("i16", valueType.int16, Buffer.from([254, 255])),
          uint32Pair("u32", 4_294_967_295),
          rawPair("i32", valueType.int32, u32(4_294_967_293)),
          rawPair(
            "f32",
            valueType.float32,
            bytes(4, (buffer) => buffer.writeFloatLE(1.5)),
          ),
          rawPair("yes", valueType.bool, Buffer.from([1])),
          rawPair("no", valueType.bool, Buffer.from([0])),
          stringPair("text", "größer 🦙 \uFFFD"),
          stringPair("empty", ""),
          rawPair("u64", valueType.uint64, u64(2n ** 64n - 1n)),
          rawPair("i64", valueType.int64, u64(-2n)),
          rawPair("f64", valueType.float64, double),
          arrayPair("strings", valueType.string, [text("a"), text(""), text("ü")]),
          arrayPair("flags", valueType.bool, [Buffer.from([1, 0])], 2),
          arrayPair("none", valueType.float32, []),
        ],
      }),
    );
    const shown = [...metadata].map(([key, value]) => [key, value.type === "array" ? value.items : value.value]);
    expect(Object.fromEntries(shown)).toEqual({
      "general.architecture": "llama",
      u8: 255,
      i8: -1,
      u16: 65_535,
      i16: -2,
      u32: 4_294_967_295,
      i32: -3,
      f32: 1.5,
      yes: true,
      no: false,
      text: "größer 🦙 \uFFFD",
      empty: "",
      u64: 2n ** 64n - 1n,
      i64: -2n,
      f64: 0.1,
      strings: ["a", "", "ü"],
      flags: [true, false],
      none: [],
    });
    expect(metadata.get("strings")).toMatchObject({ type: "array", itemType: "string" });
  });

  test("tensors have absolute offsets and sizes", async () => {
    const plan = {
      metadata: [architecture, uint32Pair("general.alignment", 64)],
      alignment: 64,
      tensors: [
        { name: "token_embd.weight", shape: [256, 3], type: 12, bytes: 3 * 144 },
        { name: "norm.weight", shape: [5] },
        { name: "scalar", shape: [] },
      ],
    };
    const gguf = await read(buildGguf(plan));
    const dataOffset = Math.ceil(buildHeader(plan).length / 64) * 64;
    expect(gguf).toMatchObject({ version: 3, alignment: 64, dataOffset, fileBytes: dataOffset + 448 + 64 + 64 });
    expect(gguf.tensors.map(({ name, shape, offset, bytes }) => [name, shape, offset, bytes])).toEqual([
      ["token_embd.weight", [256, 3], dataOffset, 432],
      ["norm.weight", [5], dataOffset + 448, 20],
      ["scalar", [], dataOffset + 512, 4],
    ]);
    expect(gguf.tensors[0]?.type.name).toBe("Q4_K");
    expect(parameterCount(gguf)).toBe(768 + 5 + 1);
  });

  test("version 2, the last tensor without padding, no tensors, an imatrix", async () => {
    expect((await read(buildGguf({ version: 2 }))).tensors).toEqual([]);
    const unpadded = buildGguf({ tensors: [{ name: "a", shape: [1] }] });
    expect((await read(unpadded.subarray(0, unpadded.length - 28))).tensors).toHaveLength(1);
    const imatrix = await read(buildGguf({ metadata: [stringPair("general.type", "imatrix")] }));
    expect(metadataString(imatrix, "general.type")).toBe("imatrix");
  });

  test("a header of several megabytes with values across buffer boundaries", async () => {
    const count = 150_000;
    const words = Array.from({ length: count }, (_, i) => `word-${"x".repeat(i % 37)}-${i}`);
    const metadata = [
      architecture,
      arrayPair(
        "tokenizer.ggml.tokens",
        valueType.string,
        words.map((word) => text(word)),
      ),
      arrayPair(
        "tokenizer.ggml.scores",
        valueType.int32,
        words.map((_, i) => u32(i)),
      ),
      stringPair("long", "y".repeat(3_000_000)),
      uint32Pair("last", 7),
    ];
    const gguf = await read(buildGguf({ metadata }));
    const tokens = gguf.metadata.get("tokenizer.ggml.tokens");
    const scores = gguf.metadata.get("tokenizer.ggml.scores");
    expect(tokens?.type === "array" && tokens.items).toEqual(words);
    expect(scores?.type === "array" && scores.items).toEqual(words.map((_, i) => i));
    expect(metadataString(gguf, "long")).toHaveLength(3_000_000);
    expect(metadataNumber(gguf, "last")).toBe(7);
  });

  test("a sparse file of 64 GiB", async () => {
    const plan = { tensors: [{ name: "huge", shape: [2 ** 17, 2 ** 17], bytes: 0 }] };
    const bytes = 4 * 2 ** 34;
    writeFileSync(path, buildGguf(plan));
    truncateSync(path, Math.ceil(buildHeader(plan).length / 32) * 32 + bytes);
    expect((await readGguf(path)).tensors[0]?.bytes).toBe(bytes);
  });
});

describe("missing files", () => {
  test.each([
    ["no such file", join(folder, "absent.gguf")],
    ["a folder", folder],
    ["a device", "/dev/null"],
    ["a path through a file", join(path, "inside.gguf")],
  ])("%s", async (_, missing) => {
    const failure = await failureOf(readGguf(missing));
    expect(failure.code).toBe("QS-GGUF-MISSING");
    expect(failure.at).toEqual({ file: missing });
    expect(failure.message).not.toContain("ENO");
  });
});
