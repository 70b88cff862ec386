import { measureMemory } from "../../hardware/memory/measure-memory.js";
import type { ModelMemory } from "../../hardware/memory/memory.js";
import type { JsonObject } from "../../util/canonical-json.js";
import { type Operation, requiredInput } from "../stage.js";
import { writeReport } from "../step-files.js";

/** `memory.json`: the memory of one variant at every context. */
export type MemoryReport = ModelMemory;

/**
 * Simulates a variant's memory with llama.cpp's allocator, including its projector; weights are not read.
 * Inputs `model`, optional `projector`; output `memory.json`.
 * Errors: QS-GGUF-*, QS-MEMORY-*.
 */
export const variantMemory: Operation<JsonObject> = {
  id: "variant-memory",
  stage: "package",
  version: 2,
  resource: "compute",
  tools: ["node-llama-cpp"],
  async run(_params, context) {
    const projector = context.input("projector");
    const options = { signal: context.signal, ...(projector === undefined ? {} : { projector }) };
    const report: MemoryReport = await measureMemory(requiredInput(context, "model"), options);
    await writeReport(context, "memory.json", report);
    return {};
  },
};
