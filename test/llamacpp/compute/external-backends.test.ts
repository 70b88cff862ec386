import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { parseDevices } from "../../../src/llamacpp/compute/external-backends.js";
import { resolveCompute } from "../../../src/llamacpp/compute/resolve-compute.js";
import { failureOf } from "../../fixtures/failure.js";
import { fakeToolchain } from "../../fixtures/fake-toolchain.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

const printed = [
  "Available devices:",
  "  CUDA0: NVIDIA L4 (23034 MiB, 22000 MiB free)",
  "  CUDA1: Tesla T4 (early sample) (15000 MiB, 14000 MiB free)",
  "  Vulkan0: llvmpipe (LLVM 19.1.7, 256 bits) (2048 MiB, 2048 MiB free)",
  "  ROCm0: AMD Instinct (65536 MiB, 65000 MiB free)",
  "",
].join("\n");
const settings = { gpuLayers: "auto", mainGpu: null, tensorSplit: null, cpuMoe: "auto" } as const;

test("devices as llama.cpp prints them, without kinds that quantsmith does not use", () => {
  expect(parseDevices(printed).map(({ name, description, isSoftware }) => [name, description, isSoftware])).toEqual([
    ["CUDA0", "NVIDIA L4", false],
    ["CUDA1", "Tesla T4 (early sample)", false],
    ["Vulkan0", "llvmpipe (LLVM 19.1.7, 256 bits)", true],
  ]);
});

test("an installed llama.cpp computes with its own backends", async () => {
  const folder = temporaryFolder();
  const script = `echo $* >> ${path.join(folder, "calls")}; cat <<'END'\n${printed}END`;
  const toolchain = { ...fakeToolchain(folder, { "llama-perplexity": script }), source: "setting" as const };
  const { compute } = await resolveCompute({ ...settings, device: "CUDA1" }, toolchain);
  expect(compute).toMatchObject({ backend: "cuda", library: null, devices: [{ name: "CUDA1" }] });
  expect(readFileSync(path.join(folder, "calls"), "utf8")).toBe("--list-devices\n");
  const failure = await failureOf(resolveCompute({ ...settings, device: "metal" }, toolchain));
  expect([failure.code, failure.message]).toEqual([
    "QS-COMPUTE-BACKEND",
    "Metal is not usable: the llama.cpp in use lists no device of this backend",
  ]);
  expect(failure.remedy).toContain("QUANTSMITH_LLAMA_CPP");
});
