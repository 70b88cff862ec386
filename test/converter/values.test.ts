import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { llamaFrequencies } from "../../src/converter/rope-frequencies.js";
import { type Conversion, convertValues, valueBytes } from "../../src/converter/values/convert-values.js";
import { interleaveHeads } from "../../src/converter/values/interleave-heads.js";
import { thrownBy } from "../fixtures/failure.js";

interface Recorded {
  values: Record<string, string>;
  frequencies: { arguments: [number, number, number, number, number, number]; bits: number[] }[];
}
const recorded = JSON.parse(
  readFileSync(join(import.meta.dirname, "../fixtures/convert/values.json"), "utf8"),
) as Recorded;

/** The values of `record-values.py`. */
const places = [
  ...[0, 0x00800000, 0x33000000, 0x33800000, 0x38000000, 0x387fc000, 0x38800000, 0x3f800000, 0x3f801000, 0x3f808000],
  ...[0x477fe000, 0x477ff000, 0x47800000, 0x7f7f0000, 0x7f7f8000, 0x7f800000, 0x7fc00000],
];
const edges = places.flatMap((place) => Array.from({ length: 128 }, (_, i) => (place + i - 64) & 0x7fffffff));
const spread = Array.from({ length: 2 ** 18 }, (_, i) => Math.imul(i, 0x9e3779b1));
const all16 = Uint16Array.from({ length: 65_536 }, (_, i) => i);
const sources = {
  BF16: new Uint8Array(all16.buffer),
  F16: new Uint8Array(all16.buffer),
  F32: new Uint8Array(Int32Array.from([...spread, ...edges, ...edges.map((bits) => bits | 0x80000000)]).buffer),
};

function convert(conversion: Conversion, source: Uint8Array): Uint8Array {
  const target = new Uint8Array((source.length / valueBytes(conversion.from)) * valueBytes(conversion.to));
  return convertValues(conversion, source, target);
}

describe("converted values equal those of torch, numpy and gguf-py, bit for bit", () => {
  const types = ["BF16", "F16", "F32"] as const;
  const conversions = types.flatMap((from) =>
    types.flatMap((to) => [false, true].map((plusOne) => ({ from, to, plusOne }))),
  );
  for (const conversion of conversions) {
    const { from, to, plusOne } = conversion;
    const name = `${from} to ${to}${plusOne ? ", plus one" : ""}`;
    test(name, () => {
      const bytes = convert(conversion, sources[from]);
      expect(createHash("sha256").update(bytes).digest("hex")).toBe(recorded.values[name]);
    });
  }

  test("a bfloat16 becomes the same half beside any other value", () => {
    const conversion = { from: "BF16", to: "F16", plusOne: false } as const;
    const halves = (values: Uint16Array) =>
      new Uint16Array(convert(conversion, new Uint8Array(values.buffer)).buffer, 0, values.length);
    const alone = Uint16Array.from(all16, (value) => halves(Uint16Array.of(value))[0] ?? 0);
    for (const other of [0, 0x8000, 0x387f, 0x3880, 0xb880, 0x3f80, 0x477f, 0xc77f, 0x4780, 0x7f80, 0xffc1]) {
      for (const before of [true, false]) {
        const values = Uint16Array.from({ length: 2 * 65_536 }, (_, i) =>
          i % 2 === (before ? 0 : 1) ? other : i >>> 1,
        );
        const expected = Uint16Array.from(values, (value) => alone[value] ?? 0);
        expect(Buffer.from(halves(values).buffer).equals(Buffer.from(expected.buffer))).toBe(true);
      }
    }
  });

  test("a signalling NaN becomes quiet at any position among unchanged bfloat16 values", () => {
    for (let count = 1; count < 12; count++) {
      for (let at = 0; at < count; at++) {
        const values = new Uint16Array(count).fill(0x3f80);
        values[at] = 0xff81;
        const expected = Uint16Array.from(values, (value) => (value === 0xff81 ? 0xffc1 : value));
        const bytes = convert({ from: "BF16", to: "BF16", plusOne: false }, new Uint8Array(values.buffer));
        expect(Buffer.from(bytes).equals(Buffer.from(expected.buffer))).toBe(true);
      }
    }
  });
});

describe("rotary frequencies of Llama 3", () => {
  for (const [i, { arguments: given, bits }] of recorded.frequencies.entries()) {
    const [dim, theta, factor, low, high, context] = given;
    const published = i < 3;
    test(`${published ? "equal the record for" : "are rejected for"} ${given.join(", ")}`, () => {
      const rope = {
        ...{ rope_theta: theta, factor, low_freq_factor: low, high_freq_factor: high },
        original_max_position_embeddings: context,
      };
      const found = () => [...new Int32Array(llamaFrequencies(rope, dim).buffer)];
      // torch's powers are not always the nearest float.
      if (published) expect(found()).toEqual(bits);
      else expect(thrownBy(found).code).toBe("QS-CONVERT-NATIVE");
    });
  }
});

test("rows of each head are interleaved, for any row length", () => {
  for (const rowBytes of [1, 3]) {
    const rows = (numbers: number[]) => Uint8Array.from(numbers.flatMap((n) => new Array<number>(rowBytes).fill(n)));
    const target = new Uint8Array(12 * rowBytes);
    interleaveHeads(rows([0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15]), target, 6, rowBytes);
    expect(target).toEqual(rows([0, 3, 1, 4, 2, 5, 10, 13, 11, 14, 12, 15]));
  }
});
