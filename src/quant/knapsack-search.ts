import type { KnapsackChoice } from "./knapsack-choice.js";
import type { Relaxation } from "./knapsack-relaxation.js";

/** A partial solution: some items moved away from the base. */
interface State {
  /** Bytes left of the budget when the other items keep their base; negative while over it. */
  left: number;
  /** Sum of reduced costs: how much the bound rises by the moves. */
  excess: number;
  move: Move | undefined;
}

interface Move {
  item: number;
  to: number;
  before: Move | undefined;
}

/** Another choice for an item and what it changes. */
interface Option {
  to: number;
  bytes: number;
  /** damage + price x bytes above that of the base, never negative. */
  reducedCost: number;
}

interface CoreItem {
  item: number;
  options: Option[];
  /** Least reduced cost of its options. */
  cheapest: number;
}

/** Least reduced cost per byte taken or given back by an item and all behind it. */
interface Rates {
  take: number;
  give: number;
}

/** States kept over all items, shared out among them. When some must go, the result is no longer surely optimal. */
const allStates = 200_000;
/** A solution this close to the bound, relative, ends the search. */
const goodEnough = 1e-5;

/**
 * The best choices found, by index. Total damage = bound + excess + price x bytes left, so a state is given up
 * when the least it can still come to reaches the best total so far. Items are visited by their cheapest move:
 * when none is cheap enough any more, the best is optimal.
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

/** Below this no state can come: bytes over the budget must be given back, and bytes left taken or wasted. */
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

/** A first good solution: larger choices for single items as long as they fit, the most damage saved first. */
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

/** Without states that another beats in bytes and damage; if still too many, the ones that promise most. */
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
