import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readProvenance } from "../../src/release/read-provenance.js";
import type { RunReport } from "../../src/release/release-report.js";
import { demoCopy, put, quantsmith } from "../fixtures/cli.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";
import { firstVulkanDevice } from "../fixtures/vulkan.js";

/*
 * A whole run on a Vulkan device, also a software one, which needs seconds for each chunk. 100 tokens are the fewest for
 * which llama-perplexity prints its statistics. A 16-bit variant reuses the shaders of its base.
 */
const recipeText = `version: 1
model: { source: ./tiny-llama }
pipeline: ./brief.yaml
calibration: { corpus: ./text/calibration.txt }
evaluation: { corpus: ./text/evaluation.txt }
variants: [BF16]
smoke: [{ prompt: "What is the capital of France?", maxTokens: 2 }]
`;
const pipelineText = `version: 1
calibration: { chunks: 1, context: 64 }
evaluation: { chunks: 4, context: 64 }
`;

test("a run on a Vulkan device makes a valid release that names it", async (context) => {
  const found = await firstVulkanDevice();
  if ("skipped" in found) return context.skip(found.skipped);
  const env = { GGML_VK_VISIBLE_DEVICES: "0" };
  const home = temporaryFolder();
  const recipe = demoCopy(home, () => recipeText);
  put(join(home, "brief.yaml"), pipelineText);
  const out = join(home, "out");

  const made = await quantsmith(["run", recipe, "--out", out, "--device", "vulkan"], { env });
  expect(made.exitCode, made.stderr).toBe(0);
  const { description } = found.devices[0] ?? { description: "" };
  expect(made.stderr).toContain(`Computes on Vulkan0 (${description}`);

  const release = join(out, "releases", "demo");
  const read = (file: string) => readFileSync(join(release, file), "utf8");
  const { compute } = JSON.parse(read("release.json")) as RunReport;
  expect(compute).toMatchObject({ backend: "vulkan", device: description, gpuLayers: 7 });
  expect(read("report.html")).toContain("llama.cpp&#39;s Vulkan backend");
  expect(read("README.md")).toContain("llama.cpp's Vulkan backend");
  expect(readProvenance(read("provenance.intoto.json"))).toBeDefined();
  const { predicate } = JSON.parse(read("provenance.intoto.json"));
  expect(predicate.buildDefinition.internalParameters.compute).toEqual(compute);
  // The library of the backend is an input of the build.
  expect(JSON.stringify(predicate.runDetails.builder.builderDependencies)).toContain("ggml-vulkan");
  const verified = await quantsmith(["verify", release]);
  expect(verified.exitCode, verified.stderr).toBe(0);

  const again = await quantsmith(["plan", recipe, "--out", out, "--device", "Vulkan0", "--locked", "--json"], { env });
  expect(again.exitCode, again.stderr).toBe(0);
  const plan = JSON.parse(again.stdout) as { steps: { status: string }[]; compute: object };
  expect(plan.compute).toMatchObject({ backend: "vulkan", devices: [{ name: "Vulkan0", description }] });
  expect(new Set(plan.steps.map(({ status }) => status))).toEqual(new Set(["cached"]));

  const moved = await quantsmith(["run", recipe, "--out", out, "--device", "cpu", "--locked"], { env });
  expect(moved.exitCode).toBe(2);
  expect(moved.stderr).toContain("QS-LOCK-MOVED");
  expect(moved.stderr).toContain("computed with vulkan, and this run would compute with cpu");
});
