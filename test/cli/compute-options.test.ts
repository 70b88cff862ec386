import { expect, test } from "vitest";
import { computeSection } from "../../src/cli/compute-options.js";
import { thrownBy } from "../fixtures/failure.js";

test("options are a recipe's section", () => {
  expect(computeSection({})).toEqual({});
  const given = { device: "Vulkan0", gpuLayers: "20", mainGpu: "1", tensorSplit: "3,1", cpuMoe: "on" };
  expect(computeSection(given)).toEqual({
    ...{ device: "Vulkan0", gpuLayers: 20, mainGpu: 1, tensorSplit: [3, 1], cpuMoe: "on" },
  });
  expect(computeSection({ gpuLayers: "auto" })).toEqual({ gpuLayers: "auto" });
});

test.each([
  ["device", "--device", "x y"],
  ["device", "--device", "\u001b[2J"],
  ["gpuLayers", "--gpu-layers", "many"],
  ["gpuLayers", "--gpu-layers", ""],
  ["mainGpu", "--main-gpu", "-1"],
  ["tensorSplit", "--tensor-split", "3,,1"],
  ["tensorSplit", "--tensor-split", "0,0"],
  ["cpuMoe", "--cpu-moe", "maybe"],
])("an invalid value of %s is an error of usage", (key, option, value) => {
  const error = thrownBy(() => computeSection({ [key]: value }));
  expect(error).toMatchObject({ code: "QS-USAGE" });
  expect(error.message).toContain(option);
});
