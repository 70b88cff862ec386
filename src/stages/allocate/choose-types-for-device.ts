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

/** The choice for a device, and the options that lead to it, for a refinement to go on from. */
export interface DeviceTypeChoice {
  start: TypeChoice;
  options: TypeChoiceOptions;
  /** The refined choice when it fits as well, else `start`, with the proof. */
  prove(refined: TypeChoice | undefined): Promise<{ choice: TypeChoice; proof: DeviceProof }>;
}

/** `allocation.json`, `device`: what llama.cpp's allocator says of the finished choice. Bytes, on all cards together. */
export interface DeviceProof {
  neededBytes: number;
  /** What one model may take, less the reserve. */
  budgetBytes: number;
  /** Even the best types that may be chosen leave room: a larger file would be no better. */
  capped: boolean;
}

/** A simulation corrects the buffers that the one before foretold; more than two rounds are rare. */
const maxRounds = 4;
/** The search for the largest file ends when it is this close, relative. */
const precision = 1e-4;

/**
 * The types for the largest file that fits a device. Caches and buffers come from a simulation, so what is left is to
 * find the largest file beside them; the choice is then simulated itself, and the search repeated with what that says
 * until its result is proved. Tensors that never lie on a card get the best of their types.
 * Throws QS-ALLOCATE-DEVICE when not even the smallest types fit, QS-MEMORY-*.
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

/** The choice with the largest budget that fits beside the caches and buffers of another one. */
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
      // A refinement keeps to the bytes of the file; on several cards that may not be enough.
      const own = refined === undefined ? undefined : await check.simulateMemory(refined.types);
      const better = refined !== undefined && own !== undefined && check.fits(own);
      return better
        ? { choice: refined, proof: { ...check.requiredMemory(own), capped } }
        : { choice: start, proof: { ...check.requiredMemory(memory), capped } };
    },
  };
}

/**
 * The errors without those of types that the device is slow at: where rows do not fit a type, its fallback may be one.
 * A tensor that has no other type keeps them.
 */
function withoutSlowTypes({ table, pins }: ChoiceInputs, fast: readonly string[]): ErrorTable {
  const allowed = [...new Set([...fast, ...[...pins.values()].map(({ name }) => name)])];
  const tensors = table.tensors.map((row) => {
    const quick = onlyTypes(row, allowed);
    return Object.keys(quick.errors).length > 0 ? quick : row;
  });
  return { ...table, tensors };
}

/** For every tensor that stays in the computer's memory, the type that does the least damage. */
function bestTypesOnHost(options: ChoiceInputs): [tensor: string, type: GgmlType][] {
  const { tensors } = options.table;
  const host = hostRoles(new Set(tensors.map(({ role }) => role)));
  const names = new Set(tensors.filter(({ role }) => host.has(role)).map(({ name }) => name));
  return typeItems(options).flatMap(({ id, choices }) => {
    const best = names.has(id) ? undominated(choices).at(-1) : undefined;
    return best === undefined ? [] : [[id, knownType(best.type)]];
  });
}
