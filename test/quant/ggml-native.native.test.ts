import { describe, expect, test } from "vitest";
import { pinnedGgmlLibrary } from "../../src/llamacpp/toolchain/ggml-library.js";
import { openGgml } from "../../src/quant/ggml-native.js";
import { ggmlTypeByName, ggmlTypes } from "../../src/quant/ggml-types.js";
import { thrownBy } from "../fixtures/failure.js";
import { randomIntegers } from "../fixtures/random.js";

const ggml = openGgml(await pinnedGgmlLibrary());
const columns = 512;
const targets = ggmlTypes.filter((type) => type.target);

function named(name: string) {
  const type = ggmlTypeByName(name);
  if (type === undefined) throw new Error(`no type ${name}`);
  return type;
}

function randomRows(seed: number, rows: number): Float32Array {
  const random = randomIntegers(seed);
  return Float32Array.from({ length: rows * columns }, () => (random(20_001) - 10_000) / 1e5);
}

describe("every target type", () => {
  const source = randomRows(7, 4);
  const importance = Float32Array.from({ length: columns }, (_, i) => 1 + (i % 5));

  test.each(targets.map((type) => [type.name, type] as const))(
    "%s: size, validity, and values near the source",
    (_, type) => {
      expect(ggml.rowSize(type, columns)).toBe((columns / type.blockSize) * type.blockBytes);
      const bytes = ggml.quantizeRows(type, source, columns, importance);
      expect(bytes.length).toBe(4 * ggml.rowSize(type, columns));
      expect(ggml.validateRowData(type, bytes)).toBe(true);
      const values = ggml.dequantizeRows(type, bytes);
      expect(values.length).toBe(source.length);
      const norm = source.reduce((sum, value) => sum + value * value, 0);
      const error = source.reduce((sum, value, i) => sum + (value - (values[i] ?? 0)) ** 2, 0) / norm;
      // Uniformly distributed values are the hardest for few bits; the error is still below that of zeros.
      expect(error).toBeLessThan(type.bitsPerWeight > 6 ? 0.001 : type.bitsPerWeight > 4 ? 0.02 : 0.9);
    },
  );

  test("more important columns have a smaller error", () => {
    const type = named("Q2_K");
    const weights = new Float32Array(columns).fill(1).fill(100, 0, 8);
    const error = (importance?: Float32Array) => {
      const values = ggml.dequantizeRows(type, ggml.quantizeRows(type, source, columns, importance));
      return source.reduce((sum, value, i) => sum + (i % columns < 8 ? (value - (values[i] ?? 0)) ** 2 : 0), 0);
    };
    expect(error(weights)).toBeLessThan(error());
  });
});

test("single rows have the same bytes as in a batch", () => {
  const source = randomRows(11, 3);
  for (const type of targets) {
    const weights = new Float32Array(columns).fill(1);
    const whole = ggml.quantizeRows(type, source, columns, weights);
    const rows = [0, 1, 2].map((row) =>
      ggml.quantizeRows(type, source.slice(row * columns, (row + 1) * columns), columns, weights),
    );
    expect(Buffer.concat(rows).equals(whole), type.name).toBe(true);
  }
});

test("F16 and BF16 convert to F32 exactly", () => {
  const values = Float32Array.from([1, -0.5, 1.5, 0, 2, -4, 0.25, 8]);
  for (const name of ["F32", "F16", "BF16"]) {
    expect(ggml.dequantizeRows(named(name), ggml.quantizeRows(named(name), values, 8))).toEqual(values);
  }
});

describe("arguments that would abort the process fail", () => {
  const source = randomRows(3, 1);

  test("non-finite values", () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const values = source.slice();
      values[100] = bad;
      expect(thrownBy(() => ggml.quantizeRows(named("Q4_K"), values, columns)).code).toBe("QS-GGML-VALUES");
      expect(thrownBy(() => ggml.quantizeRows(named("Q4_K"), source, columns, values)).code).toBe("QS-GGML-VALUES");
    }
  });

  test("a type that requires an imatrix, without one", () => {
    for (const type of targets.filter(({ needsImatrix }) => needsImatrix)) {
      expect(thrownBy(() => ggml.quantizeRows(type, source, columns)).code).toBe("QS-GGML-IMPORTANCE");
    }
  });

  test("rows that are not whole blocks, types without weights, a scale that is not a number", () => {
    expect(() => ggml.quantizeRows(named("Q4_K"), source.slice(0, 100), 100)).toThrow(RangeError);
    expect(() => ggml.quantizeRows(named("Q8_1"), source, columns)).toThrow(RangeError);
    expect(() => ggml.dequantizeRows(named("Q4_K"), new Uint8Array(143))).toThrow(RangeError);
    expect(() => ggml.dequantizeRows(named("I32"), new Uint8Array(4))).toThrow(RangeError);
    expect(ggml.validateRowData(named("Q8_0"), new Uint8Array(34).fill(255))).toBe(false);
  });
});

test("a missing library", () => {
  expect(thrownBy(() => openGgml("/nowhere/libggml-base.so")).code).toBe("QS-GGML-LOAD");
});
