import type { KnapsackChoice } from "./knapsack-choice.js";
import type { Relaxation } from "./knapsack-relaxation.js";

/** A partial solution: the base with moves of some items. */
interface State {
  /** Unused bytes of the budget if the other items keep their base; negative if over budget. */
  left: number;
  /** Sum of the moves' reduced costs, by which they raise the bound. */
  excess: number;
  move: Move | undefined;
}

interface Move {
  item: number;
  to: number;
  before: Move | undefined;
}

/** An alternative choice of an item, relative to the base. */
interface Option {
  to: number;
  bytes: number;
  /** damage + price x bytes, relative to the base; never negative. */
  reducedCost: number;
}

interface CoreItem {
  item: number;
  options: Option[];
  /** Lowest reduced cost of its options. */
  cheapest: number;
}

/** Lowest reduced cost per byte that an item and all later items can use (`take`) or free (`give`). */
interface Rates {
  take: number;
  give: number;
}

/** Maximum number of states over all items, divided evenly. If states are dropped, the result may not be optimal. */
const allStates = 200_000;
/** The search ends at this relative distance to the bound. */
const goodEnough = 1e-5;

/**
 * Returns the index of the best choice found for each item. Total damage = bound + excess + price x unused bytes, so a
 * state is dropped if its lower bound reaches the best total so far. Items are visited by ascending cost of their cheapest
 * move: the best solution is optimal once that cost reaches the best total.
 */
export function searchCore(
  items: readonly (readonly KnapsackChoice[])[],
  budgetBytes: number,
  { price, bound, base }: Relaxation,
): number[] {
  const unused = budgetBytes - items.reduce((sum, choices, i) => sum + (choices[base[i] ?? 0]?.bytes ?? 0), 0);
  const start: State = { left: unused, excess: 0, move: undefined };
  const cost = (state: State) => state.excess + price * state.left;
  const core = coreItems(items, base, price);
  const rates = suffixRates(core);
  let best = greedyFill(core, start, price);
  let states = [start];
  const most = Math.ceil(allStates / core.length);
  for (const [visited, { item, options, cheapest }] of core.entries()) {
    if (cost(best) <= goodEnough * Math.abs(bound) || cheapest >= cost(best)) break;
    const rest = rates[visited + 1] ?? { take: Number.POSITIVE_INFINITY, give: Number.POSITIVE_INFINITY };
    const next = states.filter((state) => leastCost(state, rest, price) < cost(best));
    for (const { to, bytes, reducedCost } of options) {
      for (const { left, excess, move } of states) {
        const state = { left: left - bytes, excess: excess + reducedCost, move: { item, to, before: move } };
        if (leastCost(state, rest, price) >= cost(best)) continue;
        next.push(state);
        if (state.left >= 0 && cost(state) < cost(best)) best = state;
      }
    }
    states = thin(next, most, rest, price);
  }
  const picked = [...base];
  for (let move = best.move; move !== undefined; move = move.before) picked[move.item] = move.to;
  return picked;
}

/** Lower bound of a state's cost: bytes over the budget must be freed; unused bytes are used by later items or wasted. */
function leastCost({ left, excess }: State, rest: Rates, price: number): number {
  if (left < 0) return excess - left * rest.give;
  return left === 0 ? excess : excess + left * Math.min(price, rest.take);
}

function coreItems(items: readonly (readonly KnapsackChoice[])[], base: readonly number[], price: number): CoreItem[] {
  const core = items.flatMap((choices, item) => {
    const options = optionsOf(choices, base[item] ?? 0, price);
    if (options.length === 0) return [];
    return { item, options, cheapest: Math.min(...options.map(({ reducedCost }) => reducedCost)) };
  });
  return core.sort((a, b) => a.cheapest - b.cheapest || a.item - b.item);
}

function optionsOf(choices: readonly KnapsackChoice[], base: number, price: number): Option[] {
  const from = choices[base];
  if (from === undefined) return [];
  return choices.flatMap((choice, to) => {
    if (to === base) return [];
    const bytes = choice.bytes - from.bytes;
    return { to, bytes, reducedCost: Math.max(0, choice.damage - from.damage + price * bytes) };
  });
}

function suffixRates(core: readonly CoreItem[]): Rates[] {
  const rates: Rates[] = [];
  let rest: Rates = { take: Number.POSITIVE_INFINITY, give: Number.POSITIVE_INFINITY };
  for (const { options } of core.toReversed()) {
    for (const { bytes, reducedCost } of options) {
      const rate = reducedCost / Math.abs(bytes);
      rest = bytes > 0 ? { ...rest, take: Math.min(rest.take, rate) } : { ...rest, give: Math.min(rest.give, rate) };
    }
    rates.push(rest);
  }
  return rates.reverse();
}

/** A greedy initial solution: upgrades of single items that fit, by descending gain. */
function greedyFill(core: readonly CoreItem[], start: State, price: number): State {
  const gain = ({ bytes, reducedCost }: Option) => price * bytes - reducedCost;
  const upgrades = core
    .flatMap(({ item, options }) => options.map((option) => ({ item, option })))
    .filter(({ option }) => option.bytes > 0)
    .sort((a, b) => gain(b.option) - gain(a.option));
  const moved = new Set<number>();
  let state = start;
  for (const { item, option } of upgrades) {
    if (option.bytes > state.left || moved.has(item)) continue;
    moved.add(item);
    state = {
      left: state.left - option.bytes,
      excess: state.excess + option.reducedCost,
      move: { item, to: option.to, before: state.move },
    };
  }
  return state;
}

/** Removes states that another one dominates in bytes and damage, then keeps at most `most` with the lowest bounds. */
function thin(states: State[], most: number, rest: Rates, price: number): State[] {
  states.sort((a, b) => b.left - a.left || a.excess - b.excess);
  let least = Number.POSITIVE_INFINITY;
  const kept = states.filter(({ left, excess }) => {
    const cost = excess + price * left;
    if (cost >= least) return false;
    least = cost;
    return true;
  });
  if (kept.length <= most) return kept;
  return kept.sort((a, b) => leastCost(a, rest, price) - leastCost(b, rest, price)).slice(0, most);
}
