import { join } from "node:path";
import { expect, test } from "vitest";
import type { VariantReport } from "../../../src/release/release-report.js";
import type { PackageParams } from "../../../src/stages/package/package-params.js";
import { readTensorFigures, withReusedFigures } from "../../../src/stages/package/reused-figures.js";
import { put } from "../../fixtures/cli.js";
import { failureOf } from "../../fixtures/failure.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

const allocation = { budgetBytes: 100, predictedKld: 0.1, boundGap: 0, probes: null };
const variant = (bytes: number, more: Partial<VariantReport> = {}): VariantReport => ({
  ...{ name: "Q4_K_M", file: "m-Q4_K_M.gguf", bytes, bitsPerWeight: 5, sha256: "00", types: {} },
  ...{ quality: null, smoke: null, gate: "passed" as const, reasons: [] },
  ...more,
});
const quality = { kldMean: 0.01 } as VariantReport["quality"];

function judge(bytes: number, budgetsOfPresets: string[]) {
  const former = variant(98, { allocation, quality });
  const params = { tensorsFrom: { release: "local folder", checksums: "", budgetsOfPresets } };
  const own = { report: variant(bytes), reasons: [] };
  return withReusedFigures(own, { variants: [former] }, params as unknown as PackageParams).report;
}

test("a variant keeps its figures, and passes only within its budget, which grows with that of its preset", () => {
  expect(judge(100, [])).toMatchObject({ bytes: 100, quality, allocation, gate: "passed" });
  expect(judge(101, [])).toMatchObject({ gate: "failed", reasons: [expect.stringContaining("budget of 100 bytes")] });
  expect(judge(103, ["Q4_K_M"])).toMatchObject({ gate: "passed", allocation: { budgetBytes: 105 } });
});

test("figures of tensors that cannot be read are an error of that release", async () => {
  const file = join(temporaryFolder(), "tensors.json");
  for (const text of ["{}", "{", '{"variants":{"Q8_0":[{"name":1}]}}']) {
    put(file, text);
    expect((await failureOf(readTensorFigures(file, "Q8_0"))).code).toBe("QS-WATCH-RELEASE");
  }
});
