import type { ModelMemory } from "../../hardware/memory.js";
import type { JsonObject } from "../../util/canonical-json.js";
import { measureMemory } from "../memory/measure-memory.js";
import { type Operation, requiredInput } from "../stage.js";
import { writeReport } from "../step-files.js";

/** `memory.json`: what one variant takes in memory, at every context. */
export type MemoryReport = ModelMemory;

/**
 * Asks llama.cpp's allocator what a variant takes in memory; no weight is read. Input `model`; output `memory.json`.
 * Errors: QS-GGUF-*, QS-MEMORY-*.
 */
export const variantMemory: Operation<JsonObject> = {
  id: "variant-memory",
  stage: "package",
  version: 1,
  resource: "compute",
  tools: ["node-llama-cpp"],
  async run(_params, context) {
    const report: MemoryReport = await measureMemory(requiredInput(context, "model"), { signal: context.signal });
    await writeReport(context, "memory.json", report);
    return {};
  },
};
