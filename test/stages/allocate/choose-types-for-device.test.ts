import { describe, expect, test } from "vitest";
import { encodeHeader } from "../../../src/gguf/encode-header.js";
import type { Gguf, GgufValue } from "../../../src/gguf/gguf.js";
import { footprintOf } from "../../../src/hardware/memory/footprint.js";
import type { ModelMemory } from "../../../src/hardware/memory/memory.js";
import { type GgmlType, knownType, rowBytes } from "../../../src/quant/ggml-types.js";
import { tensorRole } from "../../../src/quant/tensor-role.js";
import type { DeviceBudget } from "../../../src/stages/allocate/budget.js";
import { chooseTypes, sizeRange } from "../../../src/stages/allocate/choose-types.js";
import { chooseTypesForDevice } from "../../../src/stages/allocate/choose-types-for-device.js";
import { DeviceBudgetCheck } from "../../../src/stages/allocate/device-budget-check.js";
import { type VariantSpec, variantHeader } from "../../../src/stages/allocate/file-size.js";
import { failureOf } from "../../fixtures/failure.js";
import { someBackends, someDevice } from "../../fixtures/fit-models.js";

/*
 * The search alone, on a model of 8 layers with the sizes of real headers and invented caches and buffers.
 * test/e2e/device-budget.test.ts uses the real allocator.
 */
const types = ["Q4_K", "Q6_K", "Q8_0"];
const errors = { Q4_K: 0.01, Q6_K: 0.001, Q8_0: 0.0001 };

function modelOf(tied: boolean): VariantSpec {
  const blocks = Array.from({ length: 8 }, (_, layer) => `blk.${layer}.ffn_up.weight`);
  const names = ["token_embd.weight", ...blocks, ...(tied ? [] : ["output.weight"])];
  const metadata = new Map<string, GgufValue>([
    ["general.architecture", { type: "string", value: "llama" }],
    ["llama.context_length", { type: "uint32", value: 4096 }],
  ]);
  const tensors = names.map((name) => ({ name, shape: [1024, 2048], type: knownType("BF16") }));
  const { bytes, ...header } = encodeHeader({ metadata, tensors });
  const base: Gguf = { path: "", version: 3, metadata, dataOffset: bytes.length, ...header };
  return { base, imatrix: undefined, imatrixName: "", preset: "Q4_K_M", rounding: "nearest" };
}

function givenFor(spec: VariantSpec, pins: [string, string][] = []) {
  const tensors = spec.base.tensors.map(({ name, shape }) => ({
    ...{ name, shape, elements: 1024 * 2048, errors },
    ...tensorRole(name),
    bytes: Object.fromEntries(types.map((type) => [type, 2048 * rowBytes(knownType(type), 1024)])),
  }));
  const alphas = new Map(tensors.map(({ name }, i) => [name, 1 + i / 10]));
  return {
    spec,
    table: { tensors },
    alphas,
    types,
    pins: new Map(pins.map(([name, type]) => [name, knownType(type)])),
  };
}

/** A check with empty caches and the given compute buffers per simulation. */
class FakeBudgetCheck extends DeviceBudgetCheck {
  simulations = 0;
  readonly spec: VariantSpec;
  readonly computeBytes: (simulation: number) => number;

  constructor(budget: DeviceBudget, spec: VariantSpec, computeBytes: (simulation: number) => number = () => 0) {
    super(budget, spec, undefined as never);
    this.spec = spec;
    this.computeBytes = computeBytes;
  }

  override async simulateMemory(chosen: ReadonlyMap<string, GgmlType>): Promise<ModelMemory> {
    const header = variantHeader(this.spec, chosen);
    const weightsBytes = header.tensors.reduce((sum, { bytes }) => sum + bytes, 0);
    const sizes = {
      kvBytes: 0,
      computeBytes: this.computeBytes(this.simulations++),
      overheadBytes: 0,
      projectorBytes: 0,
    };
    const estimate = { context: 4096, kvType: "f16" as const, flashAttention: true, weightsBytes, ...sizes };
    return { footprint: footprintOf(header), estimates: [estimate] };
  }
}

function budgetOf(bytes: number, gpus = 0): DeviceBudget {
  const kind = gpus === 0 ? "phone" : gpus === 1 ? "gpu" : "multi-gpu";
  const device = someDevice({ class: kind, budget: bytes, cards: Math.max(1, gpus) });
  const backend = someBackends.get(gpus === 0 ? "cpu-arm" : "cuda");
  if (backend === undefined) throw new Error("no backend");
  return { kind: "device", device, backend, context: 4096, reserveBytes: 0 };
}

const bytesAt = (type: string) => 2048 * rowBytes(knownType(type), 1024);
const [q4, q6, q8] = [bytesAt("Q4_K"), bytesAt("Q6_K"), bytesAt("Q8_0")];

describe("an embedding that stays in the computer's memory", () => {
  test("gets its best type and leaves the GPU's memory to the other tensors", async () => {
    const spec = modelOf(false);
    // Room for 9 tensors on the GPU at 4 bits, and a little more.
    const check = new FakeBudgetCheck(budgetOf(9 * q4 + 3 * (q8 - q4), 1), spec);
    const { start, prove } = await chooseTypesForDevice(givenFor(spec), check);
    expect(start.types.get("token_embd.weight")?.name).toBe("Q8_0");
    const { proof } = await prove(undefined);
    expect(proof.capped).toBe(false);
    expect(proof.neededBytes).toBeLessThanOrEqual(proof.budgetBytes);
    expect(proof.budgetBytes - proof.neededBytes, "less than the next step up").toBeLessThan(q6 - q4);
  });

  test("keeps the type of a rule", async () => {
    const spec = modelOf(false);
    const given = givenFor(spec, [["token_embd.weight", "Q4_K"]]);
    const { start } = await chooseTypesForDevice(given, new FakeBudgetCheck(budgetOf(10 * q8, 1), spec));
    expect(start.types.get("token_embd.weight")?.name).toBe("Q4_K");
  });

  test("counts if it is also the output, and with unified memory", async () => {
    for (const [tied, gpus] of [
      [true, 1],
      [false, 0],
    ] as const) {
      const spec = modelOf(tied);
      const check = new FakeBudgetCheck(budgetOf(10 * q4 + 1000, gpus), spec);
      const given = givenFor(spec);
      given.alphas.set("token_embd.weight", 1e-9);
      const { start } = await chooseTypesForDevice(given, check);
      expect(start.types.get("token_embd.weight")?.name, String(tied)).toBe("Q4_K");
    }
  });
});

test("each of two GPUs stays within its memory", async () => {
  const spec = modelOf(false);
  const check = new FakeBudgetCheck(budgetOf(6 * q4, 2), spec);
  const { start } = await chooseTypesForDevice(givenFor(spec), check);
  expect(check.fits(await check.simulateMemory(start.types))).toBe(true);
  const larger = chooseTypes({ ...givenFor(spec), budgetBytes: sizeRange(givenFor(spec)).largest });
  expect(check.fits(await check.simulateMemory(larger.types))).toBe(false);
});

describe("a simulation that needs more than the previous one", () => {
  test("repeats the search with the new sizes", async () => {
    const spec = modelOf(true);
    const check = new FakeBudgetCheck(budgetOf(12 * q4), spec, (simulation) => (simulation === 0 ? 0 : q4));
    const { start, prove } = await chooseTypesForDevice(givenFor(spec), check);
    expect(check.simulations).toBe(3);
    const { proof } = await prove(undefined);
    expect(proof.neededBytes).toBeLessThanOrEqual(12 * q4);
    expect(start.fileBytes).toBeLessThanOrEqual(11 * q4 + 2000);
  });

  test("fails after repeated growth, with device, context, need and budget", async () => {
    const spec = modelOf(true);
    const check = new FakeBudgetCheck(budgetOf(12 * q4), spec, (simulation) => simulation * 5 * q4);
    const error = await failureOf(chooseTypesForDevice(givenFor(spec), check));
    expect(error.code).toBe("QS-ALLOCATE-DEVICE");
    expect(error.message).toMatch(
      /^the model does not fit device "device" with 4096 tokens of context: .* needs [\d.]+ MB .* budget is 14.2 MB$/,
    );
  });
});

test("a refined choice is used only if it fits", async () => {
  const spec = modelOf(true);
  const check = new FakeBudgetCheck(budgetOf(12 * q4), spec);
  const { start, options, prove } = await chooseTypesForDevice(givenFor(spec), check);
  const larger = chooseTypes({ ...options, budgetBytes: sizeRange(options).largest });
  expect((await prove(larger)).choice).toBe(start);
  const smaller = chooseTypes({ ...options, budgetBytes: sizeRange(options).smallest });
  expect((await prove(smaller)).choice).toBe(smaller);
});

test("the file is never larger than with the best types", async () => {
  const spec = modelOf(true);
  const { start, prove } = await chooseTypesForDevice(givenFor(spec), new FakeBudgetCheck(budgetOf(100 * q8), spec));
  expect(new Set([...start.types.values()].map(({ name }) => name))).toEqual(new Set(["Q8_0"]));
  expect((await prove(undefined)).proof.capped).toBe(true);
});

test("a device too small for any context fails; the remedy mentions a reserve only if there is one", async () => {
  const spec = modelOf(true);
  const refused = (reserveBytes: number) =>
    failureOf(chooseTypesForDevice(givenFor(spec), new FakeBudgetCheck({ ...budgetOf(1000), reserveBytes }, spec)));
  expect((await refused(500)).remedy).toContain("reduce `reserve` below");
  expect((await refused(0)).remedy).not.toContain("reserve");
});
