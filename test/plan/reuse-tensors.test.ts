import { expect, test } from "vitest";
import type { Plan } from "../../src/plan/plan.js";
import type { ReleasedTensors } from "../../src/plan/released-tensors.js";
import { reuseObstacle } from "../../src/plan/reuse-tensors.js";
import type { JsonObject } from "../../src/util/canonical-json.js";

const lock = {
  ...{ version: 1, recipe: "a.yaml", toolchain: { llamaCpp: "b1" }, evaluation: { chunks: 4 } },
  model: { name: "m", commit: "a", files: [] },
};

function obstacle(now: JsonObject, files: string[] = ["tensors.json"], compared = "a"): string | undefined {
  const plan = { report: { params: { lock: { ...lock, ...now } } } } as unknown as Plan;
  const released = { lock, files: files.map((path) => ({ path, bytes: 0, digest: "" })) };
  return reuseObstacle(plan, released as unknown as ReleasedTensors, compared);
}

test("tensors are reused for other metadata, tools and files of the source, and for nothing else", () => {
  const other = { toolchain: { llamaCpp: "b2" }, compute: { backend: "cuda" }, metadata: { license: "mit" } };
  expect(obstacle({ ...other, model: { name: "m", commit: "b", files: [1], gated: "auto" } })).toBeUndefined();
  expect(obstacle({ evaluation: { chunks: 5 } })).toContain("`evaluation.chunks` differs");
  expect(obstacle({ model: { ...lock.model, name: "n" } })).toContain("`model.name` differs");
  expect(obstacle({}, [])).toBe("the release has no tensors.json");
});

test("tensors are not taken from another release than the compared one", () => {
  expect(obstacle({}, ["tensors.json"], "b")).toBe("another release is at its target since");
});
