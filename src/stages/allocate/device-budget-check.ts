import { join } from "node:path";
import { writeSparseGguf } from "../../gguf/write-sparse-gguf.js";
import { type PlacementRequest, placeModel } from "../../hardware/fit/place-model.js";
import { footprintOf } from "../../hardware/memory/footprint.js";
import { measureMemory } from "../../hardware/memory/measure-memory.js";
import type { ModelMemory } from "../../hardware/memory/memory.js";
import type { GgmlType } from "../../quant/ggml-types.js";
import type { StageContext } from "../stage.js";
import type { DeviceBudget } from "./budget.js";
import { type VariantSpec, variantHeader } from "./file-size.js";

/** Checks from the header alone whether a file with given types, and the input `projector` if any, fits a device. */
export class DeviceBudgetCheck {
  readonly budget: DeviceBudget;
  readonly #spec: VariantSpec;
  readonly #context: StageContext;
  #simulated = 0;

  constructor(budget: DeviceBudget, spec: VariantSpec, context: StageContext) {
    this.budget = budget;
    this.#spec = spec;
    this.#context = context;
  }

  /** True if the device has its own memory, separate from the computer's. */
  get isDiscrete(): boolean {
    return this.budget.device.memory.kind === "discrete";
  }

  /** Simulates the file with these types in llama.cpp's allocator, using a sparse file that contains only the header. */
  async simulateMemory(types: ReadonlyMap<string, GgmlType>): Promise<ModelMemory> {
    const path = join(this.#context.work, `header-${this.#simulated++}.gguf`);
    await writeSparseGguf(path, variantHeader(this.#spec, types));
    const projector = this.#context.input("projector");
    return measureMemory(path, { signal: this.#context.signal, ...(projector === undefined ? {} : { projector }) });
  }

  /** Estimates the memory from the simulation of another choice: its caches and buffers, with the weights of these types. */
  estimateMemory(types: ReadonlyMap<string, GgmlType>, reference: ModelMemory): ModelMemory {
    const footprint = footprintOf(variantHeader(this.#spec, types));
    const more = footprint.fileBytes - reference.footprint.fileBytes;
    const estimates = reference.estimates.map((one) => ({ ...one, weightsBytes: one.weightsBytes + more }));
    return { footprint, estimates };
  }

  /** Returns true if the whole model runs on the device's first backend beside the reserve. */
  fits(memory: ModelMemory): boolean {
    return placeModel(this.placementRequest(memory)).verdict === "full";
  }

  /** Returns the bytes needed to run wholly on the device, and the budget; both summed over all GPUs. */
  requiredMemory(memory: ModelMemory): { neededBytes: number; budgetBytes: number } {
    const placementRequest = this.placementRequest(memory);
    const { budgetBytes } = placeModel(placementRequest);
    // With the real budget, a model that does not fit is offloaded only in part and needs less.
    const boundless = {
      ...placementRequest.device,
      budget: { ...placementRequest.device.budget, value: Number.MAX_SAFE_INTEGER },
    };
    const { neededBytes } = placeModel({ ...placementRequest, device: boundless });
    return { neededBytes, budgetBytes };
  }

  /** Returns the arguments of `placeModel`; the reserve is subtracted from the budget. */
  placementRequest(model: ModelMemory): PlacementRequest {
    const { device, backend, context, reserveBytes } = this.budget;
    const left = { ...device.budget, value: Math.max(0, device.budget.value - reserveBytes) };
    return {
      model,
      device: { ...device, budget: left },
      backends: new Map([[backend.id, backend]]),
      context,
      kvType: "f16",
    };
  }
}
