import { expect, test } from "vitest";
import type { ReleaseCompute } from "../../../src/release/release-report.js";
import { collectCompute } from "../../../src/stages/package/collect-compute.js";
import type { StepSummary } from "../../../src/stages/stage.js";

const step = (compute?: ReleaseCompute): StepSummary => ({
  ...{ id: "a", stage: "validate", status: "built", seconds: 1 },
  ...(compute === undefined ? {} : { compute }),
});
const card: ReleaseCompute = { backend: "cuda", device: "A", driver: "1", gpuLayers: 33 };

test("a release names each device of its steps once, and nothing for the CPU", () => {
  expect(collectCompute([step(), step()])).toEqual({});
  expect(collectCompute([step(), step(card), step(card)])).toEqual({ compute: card });
  const other = { ...card, device: "B", driver: null, gpuLayers: 20 };
  const unknown = { ...card, gpuLayers: null };
  expect(collectCompute([step(card), step(unknown), step(other)])).toEqual({
    compute: { backend: "cuda", device: "A, B", driver: "1", gpuLayers: 20 },
  });
});
