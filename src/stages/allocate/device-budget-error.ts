import { largestContext } from "../../hardware/fit/fit-context.js";
import type { ModelMemory } from "../../hardware/memory/memory.js";
import { formatBytes } from "../../util/bytes.js";
import { QuantsmithError } from "../../util/errors.js";
import type { DeviceBudgetCheck } from "./device-budget-check.js";

/** The error for a device that cannot hold even this file, with what would fit. */
export function deviceBudgetError(
  check: DeviceBudgetCheck,
  memory: ModelMemory,
  types: readonly string[],
): QuantsmithError {
  const { device, context, reserveBytes } = check.budget;
  const { neededBytes } = check.requiredMemory(memory);
  const onGpus = device.memory.cards > 1 ? ` on ${device.memory.cards} cards together` : "";
  const reserve = reserveBytes === 0 ? "" : ` less ${formatBytes(reserveBytes)} of reserve`;
  const message = `${device.id} cannot hold the model with ${context} tokens of context: even a file of ${formatBytes(memory.footprint.fileBytes)}, of ${types.join(", ")}, needs ${formatBytes(neededBytes)} of memory${onGpus}, and the budget is ${formatBytes(device.budget.value)}${reserve}`;
  return new QuantsmithError("QS-ALLOCATE-DEVICE", message, { remedy: suggestFit(check, memory) });
}

function suggestFit(check: DeviceBudgetCheck, memory: ModelMemory): string {
  const placementQuestion = check.placementQuestion(memory);
  const [f16, q8] = (["f16", "q8_0"] as const).map((kvType) => largestContext(placementQuestion, kvType, "full"));
  const elsewhere = `a device with a budget of ${formatBytes(check.requiredMemory(memory).neededBytes + check.budget.reserveBytes)}`;
  const { reserveBytes } = check.budget;
  const reserve = reserveBytes === 0 ? "" : `, reserve less than ${formatBytes(reserveBytes)}`;
  if (typeof f16 === "number") return `Ask for at most ${f16} tokens of context${reserve}, or take ${elsewhere}.`;
  if (typeof q8 === "number") {
    return `With a q8_0 cache ${q8} tokens would fit: give the variant \`bytes: ${memory.footprint.fileBytes}\` and run it so${reserve}, or take ${elsewhere}.`;
  }
  return `No context fits: allow smaller types in \`types\`${reserve}, or take ${elsewhere}.`;
}
