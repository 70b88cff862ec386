import { expect, test } from "vitest";
import { ggmlTypeByName } from "../../src/quant/ggml-types.js";
import { rowRanges, sampledRows } from "../../src/quant/row-ranges.js";
import type { SourceTensor } from "../../src/quant/source-tensor.js";

function tensorOf(...shape: number[]): SourceTensor {
  const type = ggmlTypeByName("BF16");
  if (type === undefined) throw new Error("no BF16");
  return { path: "model.gguf", name: "blk.0.ffn_up_exps.weight", shape, type, offset: 64 };
}

/** Indices of the rows in a range, numbered over all experts. */
function rowsRead(range: { offset: number; count: number; stride: number }, columns: number): number[] {
  const first = (range.offset - 64) / (2 * columns);
  return Array.from({ length: range.count }, (_, i) => first + i * range.stride);
}

test("ranges cover all rows once, in order, do not cross experts, and have their expert's weights", () => {
  const [columns, rows, experts] = [1024, 1500, 3];
  const values = Float32Array.from({ length: columns * experts }, (_, i) => Math.floor(i / columns) + 1);
  const ranges = [...rowRanges(tensorOf(columns, rows, experts), { values, tokens: new Float32Array(experts) })];
  const all = ranges.flatMap((range) => rowsRead(range, columns));
  expect(all).toEqual(Array.from({ length: rows * experts }, (_, i) => i));
  for (const range of ranges) {
    const read = rowsRead(range, columns);
    const expert = Math.floor((read[0] ?? 0) / rows);
    expect(Math.floor((read.at(-1) ?? 0) / rows)).toBe(expert);
    expect(range.count * columns).toBeLessThanOrEqual(2 ** 19);
    expect(range.importance?.length).toBe(columns);
    expect(range.importance?.every((value) => value === expert + 1)).toBe(true);
  }
});

test("a row longer than a task is one range", () => {
  const ranges = [...rowRanges(tensorOf(2 ** 20, 2), undefined)];
  expect(ranges.map(({ count }) => count)).toEqual([1, 1]);
});

test("samples contain small tensors completely and large ones evenly spaced, with an odd stride", () => {
  const whole = [...sampledRows(tensorOf(256, 100), undefined, 0, 2 ** 18)];
  expect(whole.flatMap((range) => rowsRead(range, 256))).toEqual(Array.from({ length: 100 }, (_, i) => i));
  for (const [columns, rows] of [
    [4096, 14_336],
    [4096, 128_256],
    [2048, 64],
    [1_000_000, 3],
  ] as const) {
    const ranges = [...sampledRows(tensorOf(columns, rows), undefined, 0, 2 ** 18)];
    const read = ranges.flatMap((range) => rowsRead(range, columns));
    expect(new Set(read).size).toBe(read.length);
    expect(read.length * columns).toBeGreaterThanOrEqual(Math.min(rows * columns, 2 ** 18) * 0.9);
    expect(read.at(-1)).toBeLessThan(rows);
    for (const { stride } of ranges) expect(stride % 2).toBe(1);
    const gaps = read.slice(1).map((row, i) => row - (read[i] ?? 0));
    expect(new Set(gaps).size).toBeLessThanOrEqual(1);
  }
});

test("the second expert's sample is inside the second expert", () => {
  const read = [...sampledRows(tensorOf(512, 4000, 2), undefined, 1, 2 ** 12)].flatMap((range) => rowsRead(range, 512));
  expect(Math.min(...read)).toBeGreaterThanOrEqual(4000);
  expect(Math.max(...read)).toBeLessThan(8000);
});
