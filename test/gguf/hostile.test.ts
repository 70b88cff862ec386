import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { GgufRule } from "../../src/gguf/errors.js";
import { readGguf } from "../../src/gguf/read-header.js";
import { QuantsmithError } from "../../src/util/errors.js";
import { failureOf } from "../fixtures/failure.js";
import {
  architecture,
  arrayPair,
  type BuiltTensor,
  buildGguf,
  buildHeader,
  completeMetadata,
  type GgufPlan,
  rawPair,
  stringPair,
  text,
  u32,
  u64,
  uint32Pair,
  valueType,
} from "../fixtures/gguf-builder.js";
import { randomIntegers } from "../fixtures/random.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const folder = temporaryFolder();
const path = join(folder, "hostile.gguf");

function failure(content: Buffer): Promise<QuantsmithError> {
  writeFileSync(path, content);
  return failureOf(readGguf(path));
}

const a: BuiltTensor = { name: "a", shape: [8] };
const b: BuiltTensor = { name: "b", shape: [8] };

const invalid: [what: string, rule: GgufRule, plan: GgufPlan][] = [
  ["another format", "magic", { magic: "PK\x03\x04" }],
  ["zeros, the result of an interrupted quantization", "magic", { magic: "\0\0\0\0" }],
  ["text", "magic", { magic: "vers" }],
  ["version 0", "version", { version: 0 }],
  ["version 1", "version", { version: 1 }],
  ["version 4", "version", { version: 4 }],
  ["big-endian version 3", "byte-order", { version: 0x03000000 }],
  ["too many tensors", "tensor-count", { tensorCount: 65_537 }],
  ["2^63 tensors", "tensor-count", { tensorCount: 2n ** 63n }],
  ["too many keys", "key-value-count", { keyValueCount: 65_537 }],
  ["-1 keys", "key-value-count", { keyValueCount: -1n }],
  ["an empty key", "key", { metadata: [architecture, stringPair("", "x")] }],
  ["a key with a zero byte", "key", { metadata: [architecture, stringPair("a\0b", "x")] }],
  ["a key of 65 536 bytes", "key", { metadata: [architecture, stringPair("k".repeat(65_536), "x")] }],
  ["a key with an overflowing length", "key", { metadata: [Buffer.concat([u64(-8n), architecture])] }],
  ["a key that is not UTF-8", "utf-8", { metadata: [rawPair(Buffer.from([0xff]), valueType.uint8, u32(0))] }],
  ["a duplicate key", "duplicate-key", { metadata: [architecture, architecture] }],
  ["value type 13", "value-type", { metadata: [architecture, rawPair("k", 13, u64(0))] }],
  ["an array of type 13", "value-type", { metadata: [architecture, arrayPair("k", 13, [u64(0)])] }],
  ["value type 2^32 - 1", "value-type", { metadata: [architecture, rawPair("k", 0xffffffff, u64(0))] }],
  ["a bool of 2", "bool", { metadata: [architecture, rawPair("k", valueType.bool, Buffer.from([2]))] }],
  ["a bool of 255 in an array", "bool", { metadata: [arrayPair("k", valueType.bool, [Buffer.from([1, 255])], 2)] }],
  ["a string over the cap", "string-length", { metadata: [rawPair("k", valueType.string, text("x", 2 ** 26 + 1))] }],
  ["a string of 2^64 - 1 bytes", "string-length", { metadata: [rawPair("k", valueType.string, text("x", -1n))] }],
  [
    "a string over the cap in an array",
    "string-length",
    { metadata: [arrayPair("k", valueType.string, [text("x", 2n ** 40n)])] },
  ],
  [
    "a string that is not UTF-8",
    "utf-8",
    { metadata: [rawPair("k", valueType.string, text(Buffer.from([0xc3, 0x28])))] },
  ],
  ["an overlong zero", "utf-8", { metadata: [rawPair("k", valueType.string, text(Buffer.from([0xc0, 0x80])))] }],
  ["a lone surrogate", "utf-8", { metadata: [rawPair("k", valueType.string, text(Buffer.from([0xed, 0xa0, 0x80])))] }],
  ["an array of arrays", "array-nesting", { metadata: [arrayPair("k", valueType.array, [u32(0), u64(0)], 1)] }],
  ["an array over the cap", "array-length", { metadata: [arrayPair("k", valueType.uint8, [], 2 ** 23 + 1)] }],
  ["an array of 2^61 doubles", "array-length", { metadata: [arrayPair("k", valueType.float64, [], 2n ** 61n)] }],
  ["no architecture", "architecture", { metadata: [] }],
  ["an architecture that is a number", "architecture", { metadata: [uint32Pair("general.architecture", 1)] }],
  [
    "an architecture that is a list",
    "architecture",
    { metadata: [arrayPair("general.architecture", 8, [text("llama")])] },
  ],
  ["alignment 0", "alignment", { metadata: [architecture, uint32Pair("general.alignment", 0)] }],
  ["alignment 48", "alignment", { metadata: [architecture, uint32Pair("general.alignment", 48)] }],
  ["alignment 2^31", "alignment", { metadata: [architecture, uint32Pair("general.alignment", 2 ** 31)] }],
  ["alignment as text", "alignment", { metadata: [architecture, stringPair("general.alignment", "32")] }],
  ["alignment as uint64", "alignment", { metadata: [architecture, rawPair("general.alignment", 10, u64(32))] }],
  ["a tensor without name", "tensor-name", { tensors: [{ ...a, name: "" }] }],
  ["a tensor name of 64 bytes", "tensor-name", { tensors: [{ ...a, name: "n".repeat(64) }] }],
  ["a tensor name with a zero byte", "tensor-name", { tensors: [{ ...a, name: "a\0" }] }],
  ["a tensor name that is not UTF-8", "utf-8", { tensors: [{ ...a, name: Buffer.from([0x80]) }] }],
  ["a duplicate tensor", "duplicate-tensor", { tensors: [a, a] }],
  ["5 dimensions", "dimensions", { tensors: [{ ...a, shape: [1, 1, 1, 1, 1] }] }],
  ["2^32 - 1 dimensions", "dimensions", { tensors: [{ ...a, dimensions: 0xffffffff }] }],
  ["a dimension of -1", "tensor-size", { tensors: [{ ...a, shape: [-1n], bytes: 0 }] }],
  [
    "a product that overflows 64 bits to 0",
    "tensor-size",
    { tensors: [{ ...a, shape: [2 ** 32, 2 ** 32], bytes: 0 }] },
  ],
  [
    "a product that overflows 64 bits to 8",
    "tensor-size",
    { tensors: [{ ...a, shape: [8n * 3n, 12_297_829_382_473_034_411n], bytes: 32 }] },
  ],
  ["2^54 values of 1 bit", "tensor-size", { tensors: [{ ...a, shape: [2 ** 27, 2 ** 27], type: 41, bytes: 0 }] }],
  ["a size in bytes beyond 2^53", "tensor-size", { tensors: [{ ...a, shape: [2 ** 52], bytes: 0 }] }],
  ["an unknown tensor type", "tensor-type", { tensors: [{ ...a, type: 43 }] }],
  ["a removed tensor type", "tensor-type", { tensors: [{ ...a, type: 4 }] }],
  ["a tensor type of 2^32 - 1", "tensor-type", { tensors: [{ ...a, type: 0xffffffff }] }],
  ["rows that are not whole blocks", "row-size", { tensors: [{ ...a, shape: [100, 256], type: 12 }] }],
  ["an unaligned offset", "offset-alignment", { tensors: [a, { ...b, offset: 33 }] }],
  ["an offset far beyond the file", "offset-range", { tensors: [a, { ...b, offset: 2n ** 40n }] }],
  ["an offset that wraps around", "offset-range", { tensors: [a, { ...b, offset: -32n }] }],
  ["two tensors at the same offset", "tensor-overlap", { tensors: [a, { ...b, offset: 0 }] }],
  [
    "a tensor that extends into the next",
    "tensor-overlap",
    {
      tensors: [
        { ...a, shape: [16] },
        { ...b, offset: 32 },
      ],
    },
  ],
  [
    "a small tensor inside a large one, in reverse order",
    "tensor-overlap",
    {
      tensors: [
        { ...a, offset: 64 },
        { name: "large", shape: [64], offset: 0 },
      ],
    },
  ],
];

describe("an invalid header fails with the broken rule", () => {
  test.each(invalid)("%s: %s", async (_, rule, plan) => {
    const error = await failure(buildGguf({ ...plan, trailing: 4096 }));
    expect(error.message).toContain(`(check "${rule}" failed at byte `);
    expect(error.code).toBe("QS-GGUF-INVALID");
    expect(error.at).toEqual({ file: path });
    expect(error.remedy).not.toBe("");
  });

  test("the message contains the byte offset of the field", async () => {
    const second = stringPair("k", "v");
    const error = await failure(buildGguf({ metadata: [architecture, second, second] }));
    expect(error.message).toContain(`byte ${24 + architecture.length + second.length})`);
  });

  test("control characters in names are escaped in the message", async () => {
    const error = await failure(
      buildGguf({ tensors: [{ name: "\u001b[2J\u009b2J\u202ename", shape: [-1n], bytes: 0 }] }),
    );
    expect(error.message).toContain("\\u001b[2J\\u009b2J\\u202ename");
  });

  test("caps can be lowered", async () => {
    writeFileSync(path, buildGguf({ metadata: completeMetadata, tensors: [a, b] }));
    for (const [limits, rule] of [
      [{ tensors: 1 }, "tensor-count"],
      [{ keyValues: 5 }, "key-value-count"],
      [{ keyBytes: 10 }, "key"],
      [{ tensorNameBytes: 0 }, "tensor-name"],
      [{ stringBytes: 4 }, "string-length"],
      [{ arrayItems: 1 }, "array-length"],
      [{ headerBytes: 100 }, "header-size"],
    ] as const) {
      const error = await failureOf(readGguf(path, { limits }));
      expect(error.message).toContain(`(check "${rule}" failed at `);
    }
  });

  test("the cap on array items applies to all arrays together", async () => {
    const items = (key: string) => arrayPair(key, valueType.uint8, [Buffer.alloc(3)], 3);
    writeFileSync(path, buildGguf({ metadata: [architecture, items("a"), items("b")] }));
    await readGguf(path, { limits: { arrayItems: 6 } });
    const error = await failureOf(readGguf(path, { limits: { arrayItems: 5 } }));
    expect(error.message).toContain('check "array-length"');
  });
});

describe("truncated files", () => {
  const plan: GgufPlan = {
    metadata: [...completeMetadata, arrayPair("ids", valueType.uint64, [u64(1), u64(2)])],
    tensors: [a, { name: "b", shape: [256, 2], type: 12, bytes: 288 }],
  };
  const whole = buildGguf(plan);

  test("truncated at any byte of header or data", async () => {
    for (let length = 0; length < whole.length; length++) {
      expect((await failure(whole.subarray(0, length))).code, `${length} bytes`).toBe("QS-GGUF-TRUNCATED");
    }
  });

  test("a header that declares more than the file contains", async () => {
    const header = buildHeader(plan);
    for (const more of [
      { ...plan, tensorCount: 3 },
      { ...plan, keyValueCount: 65_536, tensors: [] },
    ]) {
      const error = await failure(buildHeader(more).subarray(0, header.length));
      expect(error.code).toBe("QS-GGUF-TRUNCATED");
    }
  });

  test("the message contains the expected and the actual size", async () => {
    const error = await failure(whole.subarray(0, whole.length - 1));
    expect(error.message).toContain(`${whole.length} bytes, found ${whole.length - 1}`);
  });
});

describe("random damage", () => {
  const whole = buildGguf({
    metadata: [...completeMetadata, arrayPair("flags", valueType.bool, [Buffer.from([0, 1, 1])], 3)],
    tensors: [a, { name: "b", shape: [256, 2], type: 12, bytes: 288 }, { name: "c", shape: [2, 2, 2, 2] }],
  });

  async function survives(content: Buffer): Promise<boolean> {
    writeFileSync(path, content);
    try {
      const gguf = await readGguf(path);
      for (const tensor of gguf.tensors) {
        expect(tensor.offset).toBeGreaterThanOrEqual(gguf.dataOffset);
        expect(tensor.offset + tensor.bytes).toBeLessThanOrEqual(content.length);
      }
      return true;
    } catch (error) {
      if (!(error instanceof QuantsmithError)) throw new Error(content.toString("hex"), { cause: error });
      return false;
    }
  }

  test("flipped bytes result in a valid header or a QuantsmithError", async () => {
    const random = randomIntegers(0x5eed);
    let refused = 0;
    for (let round = 0; round < 3000; round++) {
      const damaged = Buffer.from(whole);
      for (let flips = 1 + random(4); flips > 0; flips--) damaged[random(damaged.length)] = random(256);
      if (!(await survives(damaged))) refused++;
    }
    expect(refused).toBeGreaterThan(500);
  });

  test("every byte set to 0xff", async () => {
    for (let at = 0; at < whole.length; at++) {
      const damaged = Buffer.from(whole);
      damaged[at] = 0xff;
      await survives(damaged);
    }
  });

  test("random bytes after a valid start", async () => {
    const random = randomIntegers(0xbad);
    for (let round = 0; round < 500; round++) {
      const noise = Buffer.from(Array.from({ length: 200 }, () => random(256)));
      expect(await survives(Buffer.concat([whole.subarray(0, 24 + random(200)), noise]))).toBe(false);
    }
  });
});

test("a Git LFS pointer", async () => {
  const pointer = Buffer.from("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n");
  expect(await failure(pointer)).toMatchObject({
    code: "QS-LFS-POINTER",
    remedy: expect.stringContaining("git lfs pull"),
  });
});

test("a dimension of 0 is valid, as in llama.cpp", async () => {
  const none: BuiltTensor = { name: "none", shape: [8, 0], bytes: 0 };
  for (const tensors of [
    [none, a],
    [a, none],
  ]) {
    writeFileSync(path, buildGguf({ metadata: [architecture], tensors }));
    const gguf = await readGguf(path);
    expect(gguf.tensors.find(({ name }) => name === "none")).toMatchObject({ shape: [8, 0], bytes: 0 });
  }
});
