import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { parseQuantizeReport } from "../../src/llamacpp/quantize-report.js";

const recorded = (name: string) => readFile(new URL(`../fixtures/llamacpp/${name}`, import.meta.url), "utf8");

describe("parseQuantizeReport", () => {
  test("parses every tensor of a real run, also one whose line a warning interrupts", async () => {
    const report = parseQuantizeReport(await recorded("quantize-q4-k-m.stderr.txt"));
    expect(report?.tensors).toHaveLength(56);
    expect(report?.tensors[1]).toEqual({
      name: "token_embd.weight",
      shape: [256, 4096],
      fromType: "BF16",
      toType: "Q6_K",
      bytes: 4096 * 210,
    });
    expect(report?.tensors[0]).toMatchObject({ name: "output_norm.weight", shape: [256], toType: "F32", bytes: 1024 });
    expect(report?.tensors.filter(({ fallback }) => fallback)).toEqual([]);
    // The tool itself prints 5.05 bits per weight and 3.48 MiB.
    expect(report?.bitsPerWeight).toBeCloseTo(5.05, 2);
    expect((report?.bytes ?? 0) / 2 ** 20).toBeCloseTo(3.48, 2);
  });

  test("returns the wanted type of tensors whose rows do not divide into blocks", async () => {
    const report = parseQuantizeReport(await recorded("quantize-fallback.stderr.txt"));
    expect(report?.tensors.filter(({ fallback }) => fallback)).toHaveLength(8);
    const query = report?.tensors.find((tensor) => tensor.name === "blk.0.attn_q.weight");
    expect(query).toMatchObject({ toType: "Q8_0", fallback: { wantedType: "Q6_K" } });
    expect(report?.tensors.find((tensor) => tensor.name === "output.weight")).not.toHaveProperty("fallback");
    expect(report?.bitsPerWeight).toBeCloseTo(6.74, 2);
  });

  test("returns undefined for an incomplete or missing list", async () => {
    const text = await recorded("quantize-q4-k-m.stderr.txt");
    expect(parseQuantizeReport(text.slice(0, text.indexOf("[  40/")))).toBeUndefined();
    expect(parseQuantizeReport("")).toBeUndefined();
  });
});
