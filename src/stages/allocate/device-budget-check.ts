import { join } from "node:path";
import { writeSparseGguf } from "../../gguf/write-sparse-gguf.js";
import { type PlacementQuestion, placeModel } from "../../hardware/fit/place-model.js";
import { footprintOf } from "../../hardware/memory/footprint.js";
import { measureMemory } from "../../hardware/memory/measure-memory.js";
import type { ModelMemory } from "../../hardware/memory/memory.js";
import type { GgmlType } from "../../quant/ggml-types.js";
import type { StageContext } from "../stage.js";
import type { DeviceBudget } from "./budget.js";
import { type VariantSpec, variantHeader } from "./file-size.js";

/** Answers whether files made with certain types fit a device, without making them; beside the input `projector`, if any. */
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

  /** Whether the device has memory of its own beside the computer's. */
  get isDiscrete(): boolean {
    return this.budget.device.memory.kind === "discrete";
  }

  /** What llama.cpp's allocator says of the file with these types: its header is laid out, its data a hole. */
  async simulateMemory(types: ReadonlyMap<string, GgmlType>): Promise<ModelMemory> {
    const path = join(this.#context.work, `header-${this.#simulated++}.gguf`);
    await writeSparseGguf(path, variantHeader(this.#spec, types));
    const projector = this.#context.input("projector");
    return measureMemory(path, { signal: this.#context.signal, ...(projector === undefined ? {} : { projector }) });
  }

  /** The same from the simulation of another choice: caches and buffers as there, weights by this one's sizes. */
  estimateMemory(types: ReadonlyMap<string, GgmlType>, reference: ModelMemory): ModelMemory {
    const footprint = footprintOf(variantHeader(this.#spec, types));
    const more = footprint.fileBytes - reference.footprint.fileBytes;
    const estimates = reference.estimates.map((one) => ({ ...one, weightsBytes: one.weightsBytes + more }));
    return { footprint, estimates };
  }

  /** Whether all of it runs on the device's first backend beside the reserve. */
  fits(memory: ModelMemory): boolean {
    return placeModel(this.placementQuestion(memory)).verdict === "full";
  }

  /** Bytes that it needs to run wholly on the device, and those it may have; on all cards together. */
  requiredMemory(memory: ModelMemory): { neededBytes: number; budgetBytes: number } {
    const placementQuestion = this.placementQuestion(memory);
    const { budgetBytes } = placeModel(placementQuestion);
    // What does not fit is placed elsewhere in part, and then needs less.
    const boundless = {
      ...placementQuestion.device,
      budget: { ...placementQuestion.device.budget, value: Number.MAX_SAFE_INTEGER },
    };
    const { neededBytes } = placeModel({ ...placementQuestion, device: boundless });
    return { neededBytes, budgetBytes };
  }

  /** The question that `placeModel` answers; the reserve is taken off the budget. */
  placementQuestion(model: ModelMemory): PlacementQuestion {
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
