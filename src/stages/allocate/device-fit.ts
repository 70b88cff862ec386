import { join } from "node:path";
import { writeHollow } from "../../gguf/write-hollow.js";
import { type PlacementQuestion, placeModel } from "../../hardware/fit/place-model.js";
import { footprintOf } from "../../hardware/memory/footprint.js";
import { measureMemory } from "../../hardware/memory/measure-memory.js";
import type { ModelMemory } from "../../hardware/memory/memory.js";
import type { GgmlType } from "../../quant/ggml-types.js";
import type { StageContext } from "../stage.js";
import type { DeviceBudget } from "./budget.js";
import { type VariantMakings, variantHeader } from "./file-size.js";

/** Answers whether files made with certain types fit a device, without making them; beside the input `projector`, if any. */
export class DeviceFit {
  readonly budget: DeviceBudget;
  readonly #makings: VariantMakings;
  readonly #context: StageContext;
  #simulated = 0;

  constructor(budget: DeviceBudget, makings: VariantMakings, context: StageContext) {
    this.budget = budget;
    this.#makings = makings;
    this.#context = context;
  }

  /** Whether the device has memory of its own beside the computer's. */
  get onCards(): boolean {
    return this.budget.device.memory.kind === "discrete";
  }

  /** What llama.cpp's allocator says of the file with these types: its header is laid out, its data a hole. */
  async measure(types: ReadonlyMap<string, GgmlType>): Promise<ModelMemory> {
    const path = join(this.#context.work, `header-${this.#simulated++}.gguf`);
    await writeHollow(path, variantHeader(this.#makings, types));
    const projector = this.#context.input("projector");
    return measureMemory(path, { signal: this.#context.signal, ...(projector === undefined ? {} : { projector }) });
  }

  /** The same from the simulation of another choice: caches and buffers as there, weights by this one's sizes. */
  foretell(types: ReadonlyMap<string, GgmlType>, like: ModelMemory): ModelMemory {
    const footprint = footprintOf(variantHeader(this.#makings, types));
    const more = footprint.fileBytes - like.footprint.fileBytes;
    const estimates = like.estimates.map((one) => ({ ...one, weightsBytes: one.weightsBytes + more }));
    return { footprint, estimates };
  }

  /** Whether all of it runs on the device's first backend beside the reserve. */
  fits(memory: ModelMemory): boolean {
    return placeModel(this.question(memory)).verdict === "full";
  }

  /** Bytes that it needs to run wholly on the device, and those it may have; on all cards together. */
  need(memory: ModelMemory): { neededBytes: number; budgetBytes: number } {
    const question = this.question(memory);
    const { budgetBytes } = placeModel(question);
    // What does not fit is placed elsewhere in part, and then needs less.
    const boundless = { ...question.device, budget: { ...question.device.budget, value: Number.MAX_SAFE_INTEGER } };
    const { neededBytes } = placeModel({ ...question, device: boundless });
    return { neededBytes, budgetBytes };
  }

  /** The question that `placeModel` answers; the reserve is taken off the budget. */
  question(model: ModelMemory): PlacementQuestion {
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
