import { largestContext } from "../../hardware/fit/fit-context.js";
import type { ModelMemory } from "../../hardware/memory/memory.js";
import { formatBytes } from "../../util/bytes.js";
import { QuantsmithError } from "../../util/errors.js";
import { quote } from "../../util/quote.js";
import type { DeviceBudgetCheck } from "./device-budget-check.js";

/** Returns QS-ALLOCATE-DEVICE for a device that this file does not fit; the remedy suggests settings that fit. */
export function deviceBudgetError(
  check: DeviceBudgetCheck,
  memory: ModelMemory,
  types: readonly string[],
): QuantsmithError {
  const { device, context, reserveBytes } = check.budget;
  const { neededBytes } = check.requiredMemory(memory);
  const onGpus = device.memory.cards > 1 ? ` on all ${device.memory.cards} GPUs` : "";
  const reserve = reserveBytes === 0 ? "" : ` minus ${formatBytes(reserveBytes)} of reserve`;
  const message = `the model does not fit device ${quote(device.id)} with ${context} tokens of context: a file of ${formatBytes(memory.footprint.fileBytes)} (types ${types.join(", ")}) needs ${formatBytes(neededBytes)} of memory${onGpus}; the budget is ${formatBytes(device.budget.value)}${reserve}`;
  return new QuantsmithError("QS-ALLOCATE-DEVICE", message, { remedy: suggestFit(check, memory) });
}

function suggestFit(check: DeviceBudgetCheck, memory: ModelMemory): string {
  const placementRequest = check.placementRequest(memory);
  const [f16, q8] = (["f16", "q8_0"] as const).map((kvType) => largestContext(placementRequest, kvType, "full"));
  const elsewhere = `a device with a budget of ${formatBytes(check.requiredMemory(memory).neededBytes + check.budget.reserveBytes)}`;
  const { reserveBytes } = check.budget;
  const reserve = reserveBytes === 0 ? "" : `, reduce \`reserve\` below ${formatBytes(reserveBytes)}`;
  if (typeof f16 === "number") return `Reduce \`context\` to at most ${f16} tokens${reserve}, or use ${elsewhere}.`;
  if (typeof q8 === "number") {
    return `Set \`bytes: ${memory.footprint.fileBytes}\` and run the variant with a q8_0 KV cache of at most ${q8} tokens${reserve}, or use ${elsewhere}.`;
  }
  return `Allow smaller types in \`types\`${reserve}, or use ${elsewhere}; no context length fits.`;
}
