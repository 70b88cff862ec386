import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test, vi } from "vitest";
import { type Compute, cpuCompute } from "../../../src/llamacpp/compute/compute.js";
import { runOnDevice } from "../../../src/llamacpp/compute/run-on-device.js";
import { computeImatrix } from "../../../src/llamacpp/imatrix.js";
import { listedDevice } from "../../fixtures/backend-status.js";
import { failureOf } from "../../fixtures/failure.js";
import { fakeToolchain } from "../../fixtures/fake-toolchain.js";
import { buildGguf, stringPair, uint32Pair } from "../../fixtures/gguf-builder.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

const placement = { gpuLayers: "auto", mainGpu: null, tensorSplit: null, cpuMoe: "auto" } as const;
const vulkan: Compute = {
  ...{ backend: "vulkan", devices: [listedDevice("Vulkan0")], library: "/packages/libggml-vulkan.so", driver: null },
  placement,
};
const layers = (gpuLayers: number): Compute => ({ ...vulkan, placement: { ...placement, gpuLayers } });
const memoryMessage = "ggml_vulkan: Device memory allocation of size 9 failed.: ErrorOutOfDeviceMemory";

/** Returns a folder with a model of 8 blocks. */
function folderWithModel(): string {
  const cwd = temporaryFolder();
  const metadata = [stringPair("general.architecture", "llama"), uint32Pair("llama.block_count", 8)];
  writeFileSync(path.join(cwd, "model.gguf"), buildGguf({ metadata }));
  return cwd;
}

/** Runs a fake llama-perplexity of that model; returns its calls and notes, too. */
async function run(script: string, compute: Compute | undefined, fitted = "-c 64 -ngl -1") {
  const cwd = folderWithModel();
  const log = `echo "$0 $* $GGML_BACKEND_PATH" | sed 's,.*/llama-,,' >> calls`;
  const toolchain = fakeToolchain(cwd, {
    "llama-perplexity": `${log}\n${script}`,
    "llama-fit-params": `echo '${fitted}'`,
  });
  const notes: string[] = [];
  const onNote = (line: string) => void notes.push(line);
  const tool = { toolchain, cwd, threads: 1, onNote, model: "model.gguf", ...(compute && { compute }) };
  const args = (device: readonly string[]) => ["-m", "model.gguf", ...device];
  const done = await runOnDevice(tool, { tool: "llama-perplexity", args, context: 64 }).then(
    (value) => ({ value, failure: undefined }),
    async (error: unknown) => ({ value: undefined, failure: await failureOf(Promise.reject(error)) }),
  );
  return { ...done, notes, calls: readFileSync(path.join(cwd, "calls"), "utf8").trim().split("\n") };
}
const failing = (message: string) => `echo '${message}' >&2; exit 1`;

describe("arguments", () => {
  test.each([undefined, cpuCompute])("without a device, nothing is added: %#", async (compute) => {
    expect((await run("exit 0", compute)).calls).toEqual(["perplexity -m model.gguf"]);
  });

  test("devices and the backend's library", async () => {
    const { calls, value } = await run("exit 0", vulkan);
    expect(calls).toEqual(["perplexity -m model.gguf --device Vulkan0 /packages/libggml-vulkan.so"]);
    expect(value?.args).toEqual(["-m", "model.gguf", "--device", "Vulkan0"]);
  });

  test("more layers than the model's are its layers, noted", async () => {
    const { calls, notes } = await run("exit 0", layers(99));
    expect(calls[0]).toContain("-ngl 9 ");
    expect(notes).toEqual(["gpuLayers is 99, but model.gguf has 9 layers: all are on Vulkan0"]);
  });

  test("a CPU run of an installed llama.cpp uses none of its devices", async () => {
    const cwd = folderWithModel();
    const toolchain = {
      ...fakeToolchain(cwd, { "llama-imatrix": "echo $* > calls; exit 1" }),
      source: "path" as const,
    };
    const files = { model: "model.gguf", text: "text.txt", out: "imatrix.gguf", chunks: 1, context: 64 };
    await failureOf(computeImatrix({ toolchain, cwd, threads: 1, compute: cpuCompute, ...files }));
    expect(readFileSync(path.join(cwd, "calls"), "utf8")).toContain("--device none");
  });
});

test("a backend of the user's environment reaches no tool", async () => {
  vi.stubEnv("GGML_BACKEND_PATH", "/somewhere/libggml-vulkan.so");
  const { calls } = await run("exit 0", cpuCompute);
  vi.unstubAllEnvs();
  expect(calls).toEqual(["perplexity -m model.gguf"]);
});

describe("insufficient memory of the device", () => {
  test("one more run has two thirds of the fitted layers, noted", async () => {
    const script = `case "$*" in *"-ngl 6"*) exit 0;; esac; ${failing(memoryMessage)}`;
    const { calls, notes, value } = await run(script, vulkan);
    expect(calls).toHaveLength(2);
    expect(value?.args).toEqual(["-m", "model.gguf", "--device", "Vulkan0", "-ngl", "6"]);
    expect(notes).toEqual(["Vulkan0 ran out of memory with 9 layers of model.gguf: computing again with 6"]);
  });

  test("a partial fit is the start of the retry", async () => {
    const { calls } = await run(failing(memoryMessage), vulkan, "-c 64 -ngl 3");
    expect(calls[1]).toContain("-ngl 2 ");
  });

  test.each([
    "CUDA error: out of memory",
    "alloc_tensor_range: failed to allocate CUDA0 buffer of size 9450496",
    "llama_model_load: error loading model: unable to allocate Vulkan0 buffer",
    "ggml_metal_buffer: failed to allocate Metal buffer of 9 bytes (out of memory)",
  ])("a second failure is an error: %s", async (message) => {
    const { calls, failure } = await run(failing(message), layers(4));
    expect([calls.length, failure?.code]).toEqual([2, "QS-COMPUTE-MEMORY"]);
    expect(failure?.message).toBe("the memory of Vulkan0 is too small for model.gguf");
    expect(failure?.remedy).toContain("--device cpu");
  });

  test("a failed batch counts, although llama-perplexity exits with 0", async () => {
    const { failure } = await run(`echo 'failed to decode the batch: ErrorOutOfDeviceMemory' >&2`, layers(4));
    expect(failure?.code).toBe("QS-COMPUTE-MEMORY");
  });

  test("a card too small for one layer is an error at once", async () => {
    const { calls, failure } = await run(failing(memoryMessage), layers(1));
    expect([calls.length, failure?.code]).toEqual([1, "QS-COMPUTE-MEMORY"]);
  });

  test("memory of the host is the caller's", async () => {
    const { value } = await run(failing("unable to allocate CUDA_Host buffer"), vulkan);
    expect(value?.result.exitCode).toBe(1);
  });
});

describe("a failed device", () => {
  test.each([
    [
      failing(`error while handling argument "--device": invalid device: Vulkan0`),
      "QS-COMPUTE-DEVICE",
      "no longer finds",
    ],
    [failing("vk::Queue::submit: ErrorDeviceLost"), "QS-COMPUTE-LOST", "ErrorDeviceLost"],
    [failing("CUDA error: an illegal memory access was encountered"), "QS-COMPUTE-LOST", "illegal memory access"],
    ["kill -SEGV $$", "QS-COMPUTE-LOST", "crashed (SIGSEGV)"],
  ])("%s", async (script, code, mentions) => {
    const { calls, failure } = await run(script, vulkan);
    expect([calls.length, failure?.code]).toEqual([1, code]);
    expect(failure?.message).toContain(mentions);
    expect(failure?.remedy).toContain("--device cpu");
  });

  test("a message about an allocation in a successful run is no failure", async () => {
    const { value, notes } = await run(`echo '${memoryMessage}' >&2`, vulkan);
    expect([value?.result.exitCode, notes]).toEqual([0, []]);
  });

  test("NaN of a device: the remedy is a run on the CPU", async () => {
    const cwd = folderWithModel();
    const toolchain = fakeToolchain(cwd, {
      "llama-imatrix": failing("non-finite values detected in blk.0.attn_q.weight"),
    });
    const files = { model: "model.gguf", text: "text.txt", out: "imatrix.gguf", chunks: 1, context: 64 };
    const failure = await failureOf(computeImatrix({ toolchain, cwd, threads: 1, compute: vulkan, ...files }));
    expect(failure.code).toBe("QS-CALIBRATE-NAN");
    expect(failure.remedy).toMatch(/^Run with `--device cpu` to exclude an error of Vulkan0\./);
  });
});
