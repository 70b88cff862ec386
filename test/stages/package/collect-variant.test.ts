import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type GateLimit, type SmokeFigure, smokeLimits } from "../../../src/release/gates.js";
import { collectVariant } from "../../../src/stages/package/collect-variant.js";
import type { StepSummary } from "../../../src/stages/stage.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

const folder = temporaryFolder();
const quantizeReport = join(folder, "quantize.json");
writeFileSync(quantizeReport, JSON.stringify({ bytes: 100, bitsPerWeight: 8.5, types: { Q8_0: 9 } }));

/** Collects a quantized variant without a measurement; `validate` and `smoke` are the ends of its other steps. */
function collect(
  params: { measured: boolean; smokeTested: boolean; smokeLimits?: GateLimit<SmokeFigure>[]; smoke?: string },
  ...steps: Partial<StepSummary>[]
) {
  return collectVariant(
    { name: "Q8_0", file: "m-Q8_0.gguf" },
    { smokeLimits: [], tasks: [], ...params },
    {
      input: (name) => ({ "quantize:Q8_0": quantizeReport, "smoke:Q8_0": params.smoke })[name],
      digest: (name) => (name === "model:Q8_0" ? "00" : undefined),
      steps: () => steps.map((step) => ({ id: "", stage: "validate", status: "skipped", seconds: 0, ...step })),
    },
  );
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

test("gates limit the smallest cosine and the rank correlation; a text model has neither", async () => {
  const limits = smokeLimits({ cosineToBase: { min: 0.99 }, rankToBase: { min: 0.9, max: 1 }, kldMean: { max: 1 } });
  const judge = async (report: object) => {
    const smoke = join(folder, "smoke.json");
    writeFileSync(smoke, JSON.stringify({ passed: 1, failed: 0, problem: null, ...report }));
    return (await collect({ measured: false, smokeTested: true, smokeLimits: limits, smoke }))?.report;
  };
  const answers = [0.999, 0.98].map((cosine) => ({ cosine, failures: [] }));
  expect(await judge({ answers, rankCorrelation: 0.95 })).toMatchObject({
    smoke: { cosineToBase: 0.98, rankToBase: 0.95 },
    reasons: ["cosineToBase 0.98 is below the minimum 0.99 by 0.01"],
  });
  expect(await judge({ answers: answers.slice(0, 1), rankCorrelation: 0.95 })).toMatchObject({ gate: "passed" });
  const text = await judge({ answers: [{ failures: [] }] });
  expect(text?.reasons).toContain("cosineToBase was not measured");
  expect(text?.smoke).toEqual({ passed: 1, failed: 0, answers: [{ failures: [] }] });
});
