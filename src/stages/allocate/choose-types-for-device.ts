import { hostRoles } from "../../hardware/memory/footprint.js";
import type { ModelMemory } from "../../hardware/memory/memory.js";
import type { ErrorTable } from "../../quant/error-table.js";
import { type GgmlType, knownType } from "../../quant/ggml-types.js";
import { undominated } from "../../quant/knapsack.js";
import { chooseTypes, sizeRange, type TypeChoice, type TypeChoiceOptions, typeItems } from "./choose-types.js";
import type { DeviceBudgetCheck } from "./device-budget-check.js";
import { deviceBudgetError } from "./device-budget-error.js";
import { onlyTypes } from "./reusable-errors.js";

type ChoiceInputs = Omit<TypeChoiceOptions, "budgetBytes">;

/** The choice for a device and its options, the start of a refinement. */
export interface DeviceTypeChoice {
  start: TypeChoice;
  options: TypeChoiceOptions;
  /** Returns the refined choice if it fits, else `start`, with the proof. */
  prove(refined: TypeChoice | undefined): Promise<{ choice: TypeChoice; proof: DeviceProof }>;
}

/** `device` in `allocation.json`: simulated memory of the final choice, in bytes, summed over all GPUs. */
export interface DeviceProof {
  neededBytes: number;
  /** The budget of one model, minus the reserve. */
  budgetBytes: number;
  /** Even the best of the allowed types fit: a larger file would not be better. */
  capped: boolean;
}

/** Each simulation corrects the buffer sizes of the previous one; more than two rounds are rare. */
const maxRounds = 4;
/** Relative precision of the search for the largest file. */
const precision = 1e-4;

/**
 * Returns the types for the largest file that fits a device. Each round searches for the largest file beside the caches
 * and buffers of the last simulation, then simulates the result, until the result fits. Tensors that always stay in
 * the computer's memory get their best type.
 * Throws QS-ALLOCATE-DEVICE if no choice fits, QS-MEMORY-*.
 */
export async function chooseTypesForDevice(inputs: ChoiceInputs, check: DeviceBudgetCheck): Promise<DeviceTypeChoice> {
  const quick = { ...inputs, table: withoutSlowTypes(inputs, check.budget.backend.fast) };
  const wanted = check.isDiscrete ? { ...quick, pins: new Map([...bestTypesOnHost(quick), ...inputs.pins]) } : quick;
  const { largest } = sizeRange(wanted);
  const most = { choice: chooseTypes({ ...wanted, budgetBytes: largest }), budgetBytes: largest };
  let memory = await check.simulateMemory(most.choice.types);
  if (check.fits(memory)) return deviceTypeChoice(most, wanted, memory, true, check);
  for (let round = 0; round < maxRounds; round++) {
    const found = largestThatFits(wanted, check, memory);
    memory = await check.simulateMemory(found.choice.types);
    if (check.fits(memory)) return deviceTypeChoice(found, wanted, memory, false, check);
  }
  throw deviceBudgetError(check, memory, wanted.types);
}

interface BudgetedChoice {
  choice: TypeChoice;
  budgetBytes: number;
}

/** Returns the choice with the largest budget that fits beside the caches and buffers of `reference`. */
function largestThatFits(wanted: ChoiceInputs, check: DeviceBudgetCheck, reference: ModelMemory): BudgetedChoice {
  const { smallest, largest } = sizeRange(wanted);
  const choose = (budgetBytes: number) => chooseTypes({ ...wanted, budgetBytes });
  let choice = choose(smallest);
  const least = check.estimateMemory(choice.types, reference);
  if (!check.fits(least)) throw deviceBudgetError(check, least, wanted.types);
  let [low, high] = [smallest, largest];
  while (high - low > precision * high) {
    const middle = Math.floor((low + high) / 2);
    const next = choose(middle);
    if (check.fits(check.estimateMemory(next.types, reference))) [choice, low] = [next, middle];
    else high = middle;
  }
  return { choice, budgetBytes: low };
}

function deviceTypeChoice(
  { choice: start, budgetBytes }: BudgetedChoice,
  wanted: ChoiceInputs,
  memory: ModelMemory,
  capped: boolean,
  check: DeviceBudgetCheck,
): DeviceTypeChoice {
  return {
    start,
    options: { ...wanted, budgetBytes },
    async prove(refined) {
      // Refinement limits only the file size, which may not be enough on several GPUs.
      const own = refined === undefined ? undefined : await check.simulateMemory(refined.types);
      const better = refined !== undefined && own !== undefined && check.fits(own);
      return better
        ? { choice: refined, proof: { ...check.requiredMemory(own), capped } }
        : { choice: start, proof: { ...check.requiredMemory(memory), capped } };
    },
  };
}

/**
 * Returns the error table without types that are slow on the device, such as the fallback of a type whose blocks do not
 * divide the rows. A tensor without any other type keeps them.
 */
function withoutSlowTypes({ table, pins }: ChoiceInputs, fast: readonly string[]): ErrorTable {
  const allowed = [...new Set([...fast, ...[...pins.values()].map(({ name }) => name)])];
  const tensors = table.tensors.map((row) => {
    const quick = onlyTypes(row, allowed);
    return Object.keys(quick.errors).length > 0 ? quick : row;
  });
  return { ...table, tensors };
}

/** Returns the least damaging type of every tensor that stays in the computer's memory. */
function bestTypesOnHost(options: ChoiceInputs): [tensor: string, type: GgmlType][] {
  const { tensors } = options.table;
  const host = hostRoles(new Set(tensors.map(({ role }) => role)));
  const names = new Set(tensors.filter(({ role }) => host.has(role)).map(({ name }) => name));
  return typeItems(options).flatMap(({ id, choices }) => {
    const best = names.has(id) ? undominated(choices).at(-1) : undefined;
    return best === undefined ? [] : [[id, knownType(best.type)]];
  });
}
