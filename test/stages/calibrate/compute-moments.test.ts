import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Compute } from "../../../src/llamacpp/compute/compute.js";
import { computeMomentsInPasses } from "../../../src/stages/calibrate/compute-moments.js";
import { listedDevice } from "../../fixtures/backend-status.js";
import { fakeToolchain } from "../../fixtures/fake-toolchain.js";
import { arrayPair, buildGguf, stringPair, text, uint32Pair, valueType } from "../../fixtures/gguf-builder.js";
import { stageContext } from "../../fixtures/stage-context.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

const cwd = temporaryFolder();
const placement = { gpuLayers: 2, mainGpu: null, tensorSplit: null, cpuMoe: "auto" } as const;
const compute: Compute = {
  ...{ backend: "vulkan", devices: [listedDevice("Vulkan0")], library: null, driver: null, placement },
};
const model = buildGguf({
  metadata: [stringPair("general.architecture", "llama"), uint32Pair("llama.block_count", 8)],
});
const imatrix = buildGguf({
  metadata: [
    stringPair("general.type", "imatrix"),
    arrayPair("imatrix.datasets", valueType.string, [text("calibration.txt")]),
    ...[uint32Pair("imatrix.chunk_count", 4), uint32Pair("imatrix.chunk_size", 64)],
  ],
  tensors: [
    { name: "output.weight.in_sum2", shape: [32] },
    { name: "output.weight.counts", shape: [1] },
  ],
});

test("the commands are those that ran on the device, also of a pass that a killed run finished", async () => {
  writeFileSync(join(cwd, "i"), imatrix);
  const script = `echo "$*" >> "${cwd}/calls"; cp "${cwd}/i" "$8"; cp "${cwd}/i" "$6"; echo 'over 4 chunks, '`;
  const run = { toolchain: fakeToolchain(cwd, { "llama-moments": script }), cwd, threads: 1, compute };
  const plan = { passes: [{ layers: [0, 2] as [number, number], output: true }], sharedExperts: false, fileBytes: 0 };
  const passes = async (partial?: string) => {
    const context = stageContext(run, {}, partial === undefined ? {} : { partial });
    writeFileSync(join(context.work, "model.gguf"), model);
    const options = { ...run, cwd: context.work, model: "model.gguf", text: "calibration.txt", chunks: 4, context: 64 };
    return { context, ...(await computeMomentsInPasses(options, plan, context)) };
  };
  const first = await passes();
  const calls = () => readFileSync(join(cwd, "calls"), "utf8").trim().split("\n");
  expect(first.commands.map((command) => command.join(" "))).toEqual([`llama-moments ${calls()[0]}`]);
  expect(first.commands[0]).toEqual(expect.arrayContaining(["--device", "Vulkan0", "-ngl", "2"]));
  const resumed = await passes(await first.context.partial());
  expect(resumed.commands).toEqual(first.commands);
  expect(calls()).toHaveLength(1);
});
