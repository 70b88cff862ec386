import { expect, test } from "vitest";
import { estimateFit } from "../../../src/hardware/fit/estimate-fit.js";
import { type ModelCandidate, recommendModel } from "../../../src/hardware/fit/recommend-model.js";
import { MB, someBackends, someDevice, someModel } from "../../fixtures/fit-models.js";

function candidate(
  model: string,
  name: string,
  blockMB: number,
  parameters: number,
  kldMean: number,
  budgetMB: number,
) {
  const bytes = (10 * blockMB + 100) * MB;
  const memory = someModel({ blockBytes: blockMB * MB });
  const device = someDevice({ class: "phone", budget: budgetMB * MB, memory: 8000 * MB });
  const question = { variant: name, model: memory, device, backends: someBackends, context: 1024 };
  const fit = estimateFit({ ...question, kvType: "f16" });
  const variant = { name, bytes, bitsPerWeight: blockMB / 10, kldMean };
  return { model, parameters, variant, footprint: memory.footprint, fit } satisfies ModelCandidate;
}

/** A small model and a large one; they need 322.4 MB besides the blocks. */
function both(budgetMB: number): ModelCandidate[] {
  return [
    candidate("Small", "Small Q8_0", 60, 1e9, 0.0003, budgetMB),
    candidate("Small", "Small Q4_K_M", 35, 1e9, 0.01, budgetMB),
    candidate("Large", "Large Q4_K_M", 100, 4e9, 0.02, budgetMB),
    candidate("Large", "Large Q2_K", 70, 4e9, 0.4, budgetMB),
  ];
}

test("recommends the best variant of the model with more parameters, with the reason", () => {
  const { pick, reason } = recommendModel(both(2000), someBackends);
  expect(pick?.variant.name).toBe("Large Q4_K_M");
  expect(reason).toBe(
    "Large ranks first among the 2 models that run, by verdict and then by parameters (4.00 billion); KL divergences of different models are not comparable; its best variant is Large Q4_K_M: it has the lowest mean KL divergence (0.0200) of the 2 variants that fit completely",
  );
});

test("recommends the only model that runs", () => {
  const { pick, reason } = recommendModel(both(950), someBackends);
  expect(pick?.variant.name).toBe("Small Q8_0");
  expect(reason).toContain("Small is the only model that runs");
});

test("recommends none if no model runs, with the reason for each", () => {
  const { pick, reason } = recommendModel(both(400), someBackends);
  expect(pick).toBeNull();
  expect(reason).toContain("Small Q4_K_M");
  expect(reason).toContain("Large Q2_K");
});

test("of equal models, prefers types that are not slow, then more bits", () => {
  const alike = (bits: number, type: string): ModelCandidate => {
    const found = candidate(type, type, bits * 10, 1e9, 0.01, 2000);
    return { ...found, footprint: { types: { [type]: 1 } }, fit: { ...found.fit, backend: "metal" } };
  };
  const given = [alike(4, "IQ4_XS"), alike(5, "Q5_K"), alike(8, "Q8_0")];
  expect(recommendModel(given, someBackends).pick?.variant.name).toBe("Q8_0");
  expect(recommendModel(given.slice(0, 2), someBackends).pick?.variant.name).toBe("Q5_K");
});

test("of one model, recommends its variant", () => {
  const small = both(2000).filter(({ model }) => model === "Small");
  expect(recommendModel(small, someBackends)).toMatchObject({
    pick: { variant: { name: "Small Q8_0" } },
    reason: "it has the lowest mean KL divergence (0.000300) of the 2 variants that fit completely",
  });
});
