import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { inspectGguf } from "../../src/gguf/inspect.js";
import {
  architecture,
  arrayPair,
  buildGguf,
  completeMetadata,
  type GgufPlan,
  rawPair,
  stringPair,
  text,
  u32,
  u64,
  uint16Pair,
  valueType,
} from "../fixtures/gguf-builder.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const path = join(temporaryFolder(), "model.gguf");
const tensors = [
  { name: "a", shape: [256, 4], type: 12, bytes: 576 },
  { name: "b", shape: [256, 2], type: 12, bytes: 288 },
  { name: "c", shape: [256] },
];

function inspect(plan: GgufPlan) {
  writeFileSync(path, buildGguf(plan));
  return inspectGguf(path);
}

async function codes(plan: GgufPlan): Promise<string[]> {
  return (await inspect(plan)).problems.map(({ code }) => code);
}

test("a complete model has no problems", async () => {
  const { metadata, ...rest } = await inspect({ metadata: completeMetadata, tensors });
  expect(metadata["general.name"]).toBe("Tiny");
  expect(rest).toEqual({
    tensors: [
      { name: "a", shape: [256, 4], type: "Q4_K", bytes: 576 },
      { name: "b", shape: [256, 2], type: "Q4_K", bytes: 288 },
      { name: "c", shape: [256], type: "F32", bytes: 1024 },
    ],
    bitsPerWeight: (8 * (576 + 288 + 1024)) / (256 * 7),
    types: { Q4_K: 2, F32: 1 },
    problems: [],
  });
});

test("metadata is plain JSON", async () => {
  const infinity = Buffer.alloc(4);
  infinity.writeFloatLE(Number.POSITIVE_INFINITY);
  const ids = Array.from({ length: 100 }, (_, i) => u32(i));
  const { metadata } = await inspect({
    metadata: [
      architecture,
      rawPair("small", valueType.uint64, u64(5)),
      rawPair("big", valueType.uint64, u64(2n ** 60n)),
      rawPair("infinite", valueType.float32, infinity),
      arrayPair("short", valueType.string, [text("x"), text("y")]),
      arrayPair("long", valueType.uint32, ids),
      stringPair("__proto__", "own"),
    ],
  });
  expect(JSON.parse(JSON.stringify(metadata))).toEqual(metadata);
  expect(Object.entries(metadata)).toEqual([
    ["general.architecture", "llama"],
    ["small", 5],
    ["big", "1152921504606846976"],
    ["infinite", "Infinity"],
    ["short", ["x", "y"]],
    ["long", { type: "uint32", length: 100, first: [0, 1, 2, 3, 4, 5, 6, 7] }],
    ["__proto__", "own"],
  ]);
});

describe("problems", () => {
  const without = (start: string) => completeMetadata.filter((pair) => !pair.includes(start));

  test.each([
    ["general.name", "QS-GGUF-NO-NAME"],
    ["context_length", "QS-GGUF-NO-CONTEXT"],
    ["tokenizer.ggml.model", "QS-GGUF-NO-TOKENIZER"],
    ["tokenizer.ggml.tokens", "QS-GGUF-NO-TOKENIZER"],
    ["tokenizer.chat_template", "QS-GGUF-NO-TEMPLATE"],
  ])("without %s", async (key, code) => {
    expect(await codes({ metadata: without(key), tensors })).toEqual([code]);
  });

  test("no tensors", async () => {
    expect(await codes({ metadata: completeMetadata })).toEqual(["QS-GGUF-NO-TENSORS"]);
  });

  test("a gap, another order, and trailing bytes", async () => {
    const gap = [
      { name: "a", shape: [8] },
      { name: "b", shape: [8], offset: 64 },
    ];
    expect(await codes({ metadata: completeMetadata, tensors: gap, trailing: 32 })).toEqual(["QS-GGUF-LAYOUT"]);
    const swapped = [
      { name: "a", shape: [8], offset: 32 },
      { name: "b", shape: [8], offset: 0 },
    ];
    expect(await codes({ metadata: completeMetadata, tensors: swapped })).toEqual(["QS-GGUF-LAYOUT"]);
    expect(await codes({ metadata: completeMetadata, tensors, trailing: 1 })).toEqual(["QS-GGUF-TRAILING"]);
  });

  test("padding between tensors is not a gap", async () => {
    const odd = ["a", "b", "c"].map((name) => ({ name, shape: [5] }));
    expect(await codes({ metadata: completeMetadata, tensors: odd })).toEqual([]);
  });

  test("importance matrices and projectors need no tokenizer", async () => {
    const name = stringPair("general.name", "x");
    expect(await codes({ metadata: [stringPair("general.type", "imatrix")], tensors })).toEqual([]);
    expect(await codes({ metadata: [name, stringPair("general.architecture", "clip")], tensors })).toEqual([]);
  });
});

test("a later part says where the metadata is, and nothing else about it", async () => {
  const later = join(temporaryFolder(), "s-00002-of-00003.gguf");
  const metadata = [uint16Pair("split.no", 1), uint16Pair("split.count", 3)];
  writeFileSync(later, buildGguf({ metadata, tensors }));
  expect((await inspectGguf(later)).problems).toEqual([
    {
      code: "QS-GGUF-PART",
      message: "the file is part 2 of 3; the metadata is in part 1",
      remedy: "Use s-00001-of-00003.gguf; llama.cpp finds the other parts beside it.",
    },
  ]);
});

test("a first part with the metadata alone has no problem", async () => {
  const parts = [uint16Pair("split.no", 0), uint16Pair("split.count", 3)];
  expect(await codes({ metadata: [...completeMetadata, ...parts], tensors: [] })).toEqual([]);
});
