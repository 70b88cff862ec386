import { type KnapsackItem, undominated } from "../../quant/knapsack.js";
import type { KnapsackChoice } from "../../quant/knapsack-choice.js";

/** One tensor to a larger type and another to a smaller one, or only the first if the budget has room. */
export interface Exchange {
  /** New type by tensor. */
  types: Map<string, string>;
  /** Predicted change of the damage in nats; mostly positive, since the choice is the predicted optimum. */
  damage: number;
}

interface Move {
  id: string;
  type: string;
  bytes: number;
  damage: number;
}

/**
 * Returns all exchanges of one step up and one step down that fit into `spareBytes`, sorted by predicted damage. A step
 * goes to the next larger or smaller type on the tensor's Pareto frontier of bytes and damage.
 */
export function exchanges(
  items: readonly KnapsackItem[],
  chosen: ReadonlyMap<string, string>,
  spareBytes: number,
): Exchange[] {
  const steps = items.map((item) => neighbours(item, chosen.get(item.id)));
  const ups = steps.flatMap(({ up }) => up);
  const downs = steps.flatMap(({ down }) => down);
  const found: Exchange[] = [];
  for (const up of ups) {
    if (up.bytes <= spareBytes) found.push({ types: new Map([[up.id, up.type]]), damage: up.damage });
    for (const down of downs) {
      if (down.id === up.id || up.bytes + down.bytes > spareBytes) continue;
      const types = new Map([up, down].map(({ id, type }) => [id, type]));
      found.push({ types, damage: up.damage + down.damage });
    }
  }
  return found.sort((a, b) => a.damage - b.damage);
}

function neighbours({ id, choices }: KnapsackItem, type: string | undefined): { up: Move[]; down: Move[] } {
  const frontier = undominated(choices);
  const now = choices.find((choice) => choice.type === type);
  if (now === undefined) return { up: [], down: [] };
  const move = (to: KnapsackChoice | undefined): Move[] =>
    to === undefined ? [] : [{ id, type: to.type, bytes: to.bytes - now.bytes, damage: to.damage - now.damage }];
  return {
    up: move(frontier.find(({ bytes }) => bytes > now.bytes)),
    down: move(frontier.findLast(({ bytes }) => bytes < now.bytes)),
  };
}
