import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { collectVariant } from "../../../src/stages/package/collect-variant.js";
import type { StepSummary } from "../../../src/stages/stage.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

const quantizeReport = join(temporaryFolder(), "quantize.json");
writeFileSync(quantizeReport, JSON.stringify({ bytes: 100, bitsPerWeight: 8.5, types: { Q8_0: 9 } }));

/** Collects a quantized variant without a measurement; `validate` and `smoke` are the ends of its other steps. */
function collect(params: { measured: boolean; smokeTested: boolean }, ...steps: Partial<StepSummary>[]) {
  return collectVariant({ name: "Q8_0", file: "m-Q8_0.gguf" }, params, {
    input: (name) => (name === "quantize:Q8_0" ? quantizeReport : undefined),
    digest: (name) => (name === "model:Q8_0" ? "00" : undefined),
    steps: () => steps.map((step) => ({ id: "", stage: "validate", status: "skipped", seconds: 0, ...step })),
  });
}

test("a variant whose measurement was not selected gets no verdict", async () => {
  const both = { measured: true, smokeTested: true };
  expect(await collect(both, { id: "validate:Q8_0", unselected: true })).toBeUndefined();
  expect(await collect({ ...both, measured: false }, { id: "smoke:Q8_0", unselected: true })).toBeUndefined();
});

test("a variant whose measurement failed fails, also beside another unselected variant", async () => {
  const params = { measured: true, smokeTested: false };
  const found = await collect(
    params,
    { id: "validate:Q8_0", status: "failed" },
    { id: "validate:Q4_K_M", unselected: true },
  );
  expect(found?.report).toMatchObject({ gate: "failed", reasons: ["it could not be measured"] });
  const skipped = await collect(params, { id: "validate:Q8_0" });
  expect(skipped?.report.gate).toBe("failed");
});
