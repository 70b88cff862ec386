import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { type Compute, cpuCompute } from "../../src/llamacpp/compute/compute.js";
import { roundTensors } from "../../src/llamacpp/round.js";
import { listedDevice } from "../fixtures/backend-status.js";
import { failureOf } from "../fixtures/failure.js";
import { fakeToolchain } from "../fixtures/fake-toolchain.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const cuda: Compute = {
  ...{ backend: "cuda", devices: [listedDevice("CUDA0"), listedDevice("CUDA1")], library: "/packages/libggml-cuda.so" },
  ...{ driver: null, placement: { gpuLayers: "auto", mainGpu: 1, tensorSplit: null, cpuMoe: "auto" } },
};
const succeeds = "> rounded.jsonl";

/** Runs a fake llama-round; returns its call and the notes. */
async function round(script: string, compute: Compute) {
  const cwd = temporaryFolder();
  const notes: string[] = [];
  const toolchain = fakeToolchain(cwd, { "llama-round": `echo "$* $GGML_BACKEND_PATH" > calls\n${script}` });
  const files = { model: "model.gguf", moments: "moments.gguf", types: new Map([["a", ["Q4_K"]]]), out: "rounded" };
  const onNote = (line: string) => void notes.push(line);
  await roundTensors({ toolchain, cwd, threads: 3, compute, onNote, ...files });
  return { notes, call: readFileSync(path.join(cwd, "calls"), "utf8").trim() };
}

test("the main device of several computes the products, with the backend's library", async () => {
  expect((await round(succeeds, cuda)).call).toMatch(/ -t 3 --device CUDA1 \/packages\/libggml-cuda\.so$/);
  expect((await round(succeeds, cpuCompute)).call).toMatch(/ -t 3$/);
});

test("notes of the tool are passed on, and its other output is not", async () => {
  const script = `echo 'load_backend: loaded' >&2; echo 'llama-round: note: CUDA1 has too little memory' >&2; ${succeeds}`;
  expect((await round(script, cuda)).notes).toEqual(["CUDA1 has too little memory"]);
});

test.each([
  ["llama-round: invalid device: CUDA1", "QS-COMPUTE-DEVICE", "no longer finds the device"],
  ["CUDA error: out of memory", "QS-COMPUTE-MEMORY", "too small for model.gguf"],
  ["llama-round: failed to allocate CUDA1 buffer for a product", "QS-COMPUTE-MEMORY", "too small for model.gguf"],
  ["CUDA error: unspecified launch failure", "QS-COMPUTE-LOST", "llama-round failed on CUDA1"],
  ["llama-round: a loss is not a finite number", "QS-QUANTIZE-FAILED", "rounding model.gguf"],
])("a failure of the device has a code and names the CPU: %s", async (message, code, mentions) => {
  const failure = await failureOf(round(`echo '${message}' >&2; exit 1`, cuda));
  expect(failure.code).toBe(code);
  expect(failure.message).toContain(mentions);
  expect(failure.remedy).toContain("--device cpu");
});
