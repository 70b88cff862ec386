import { describe, expect, test } from "vitest";
import { ggmlTypeById, ggmlTypeByName, ggmlTypes, rowBytes } from "../../src/quant/ggml-types.js";
import { clonePinnedSource } from "../fixtures/pinned-source.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const source = clonePinnedSource(temporaryFolder());

/** Evaluates sums of products with Python's integer division, the only syntax in gguf-py's table. */
function evaluate(expression: string): number {
  const terms = expression.replaceAll("QK_K", "256").split("+");
  return terms
    .map((term) => {
      const [first, ...rest] = term.split(/(\*|\/\/)/).map((part) => part.trim());
      let value = Number(first);
      for (let i = 0; i < rest.length; i += 2) {
        const operand = Number(rest[i + 1]);
        value = rest[i] === "*" ? value * operand : Math.floor(value / operand);
      }
      return value;
    })
    .reduce((sum, term) => sum + term, 0);
}

function pinnedSizes(): Map<string, [blockSize: number, blockBytes: number]> {
  const table = /GGML_QUANT_SIZES[^{]*\{([^}]*)\}/.exec(source("gguf-py/gguf/constants.py"))?.[1] ?? "";
  const rows = table.matchAll(/GGMLQuantizationType\.(\w+):\s*\((\d+),\s*([^)]+)\)/g);
  return new Map([...rows].map(([, name = "", size = "", bytes = ""]) => [name, [Number(size), evaluate(bytes)]]));
}

function pinnedIds(): Map<string, number> {
  const body = /enum ggml_type \{([^}]*)\}/.exec(source("ggml/include/ggml.h"))?.[1] ?? "";
  const rows = body.matchAll(/^\s*GGML_TYPE_(\w+)\s*=\s*(\d+),/gm);
  return new Map([...rows].map(([, name = "", id]) => [name, Number(id)]));
}

describe("the table matches the pinned llama.cpp", () => {
  test("ids are those of ggml.h, without omissions", () => {
    const ids = pinnedIds();
    ids.delete("COUNT");
    expect(ids.size).toBeGreaterThan(30);
    expect(Object.fromEntries(ggmlTypes.map((type) => [type.name, type.id]))).toEqual(Object.fromEntries(ids));
  });

  test("block sizes are those of gguf-py", () => {
    const sizes = pinnedSizes();
    expect(sizes.size).toBeGreaterThan(30);
    const ours = ggmlTypes.map((type) => [type.name, [type.blockSize, type.blockBytes]]);
    expect(Object.fromEntries(ours)).toEqual(Object.fromEntries(sizes));
  });

  test("quantized types are those of ggml.c", () => {
    const traits = /ggml_type_traits type_traits\[GGML_TYPE_COUNT\] = \{([\s\S]*?)\n\};/.exec(
      source("ggml/src/ggml.c"),
    );
    const rows = (traits?.[1] ?? "").matchAll(/\[GGML_TYPE_(\w+)\] = \{[^}]*?\.is_quantized\s*=\s*(true|false)/g);
    const quantized = new Map([...rows].map(([, name = "", value]) => [name, value === "true"]));
    expect(Object.fromEntries(ggmlTypes.map((type) => [type.name, type.quantized]))).toEqual(
      Object.fromEntries(quantized),
    );
  });

  test("targets are the types ggml_quantize_chunk can write", () => {
    const body = /size_t ggml_quantize_chunk\([\s\S]*?\n\}/.exec(source("ggml/src/ggml.c"))?.[0] ?? "";
    const cases = [...body.matchAll(/case GGML_TYPE_(\w+):/g)].map(([, name]) => name);
    const targets = ggmlTypes.filter((type) => type.target).map((type) => type.name);
    expect(targets.toSorted()).toEqual(cases.toSorted());
  });

  test("types that require an imatrix are those of llama-quant.cpp", () => {
    const body = /static bool tensor_requires_imatrix[\s\S]*?\n\}/.exec(source("src/llama-quant.cpp"))?.[0] ?? "";
    const always = body.slice(0, body.indexOf("return true"));
    const cases = [...always.matchAll(/case GGML_TYPE_(\w+):/g)].map(([, name]) => name);
    expect(cases.length).toBeGreaterThan(0);
    const ours = ggmlTypes.filter((type) => type.needsImatrix).map((type) => type.name);
    expect(ours.toSorted()).toEqual(cases.toSorted());
  });
});

describe("lookups", () => {
  test("by name, ignoring case, and by id", () => {
    expect(ggmlTypeByName("q4_k")).toBe(ggmlTypeById(12));
    expect(ggmlTypeByName("Q4_K")?.bitsPerWeight).toBe(4.5);
    expect(ggmlTypeByName("Q4_K_M")).toBeUndefined();
    expect(ggmlTypeById(4)).toBeUndefined();
    expect(ggmlTypeById(43)).toBeUndefined();
  });

  test("row bytes", () => {
    const q6 = ggmlTypeByName("Q6_K");
    if (q6 === undefined) throw new Error("Q6_K is missing");
    expect(rowBytes(q6, 4096)).toBe(16 * 210);
    expect(() => rowBytes(q6, 100)).toThrow(RangeError);
  });
});
