import type { MemoryEstimate, ModelMemory } from "../memory/memory.js";
import { residentBytes } from "../memory/memory-at.js";
import { cardLoads, type Loads, type Split } from "./gpu-loads.js";

/** How a model lies on a computer with one or more equal cards. */
export interface CardPlacement {
  verdict: "full" | "partial" | "cpu" | "no";
  /** Null when nothing is on a card. */
  split: Split | null;
  /** Bytes on all cards together; what full offload would take when nothing is on a card. */
  cardBytes: number;
  /** Bytes in the computer's memory. */
  hostBytes: number;
}

export interface CardRoom {
  cards: number;
  /** What one model may take of each card, bytes. */
  cardBytes: number;
  /** What it may take of the computer's memory, bytes; null when nobody told. */
  hostBytes: number | null;
}

/**
 * The best way to run a model with these cards: everything on them; else, for mixtures of experts, the experts of as few
 * blocks as possible with the processor, so that every block's attention and cache stay on the card; else as many whole
 * blocks as fit; else the processor alone. Unknown memory of the computer counts as enough.
 */
export function placeOnCards(model: ModelMemory, estimate: MemoryEstimate, room: CardRoom): CardPlacement {
  for (const split of splits(model)) {
    const loads = cardLoads(model, estimate, split, room.cards);
    if (fits(loads, room)) {
      const whole = split.expertsOnCpu === 0 && split.offloaded === fullSplit(model).offloaded;
      return { verdict: whole ? "full" : "partial", split, cardBytes: sum(loads.cards), hostBytes: loads.host };
    }
  }
  const everything = cardLoads(model, estimate, fullSplit(model), room.cards);
  return { ...placeOnProcessor(estimate, room.hostBytes), cardBytes: sum(everything.cards) };
}

/** The same without using the cards. */
export function placeOnProcessor(estimate: MemoryEstimate, hostRamBytes: number | null): CardPlacement {
  const hostBytes = residentBytes(estimate);
  const verdict = hostRamBytes === null || hostBytes <= hostRamBytes ? "cpu" : "no";
  return { verdict, split: null, cardBytes: 0, hostBytes };
}

function fullSplit(model: ModelMemory): Split {
  return { offloaded: model.footprint.layerBytes.length + 1, expertsOnCpu: 0 };
}

/** Splits from the best to the worst; one block is the least worth offloading. */
function* splits(model: ModelMemory): Generator<Split> {
  const { experts, layerBytes } = model.footprint;
  const { offloaded } = fullSplit(model);
  yield fullSplit(model);
  const expertsOnCpu = experts === null ? 0 : layerBytes.length;
  for (let kept = 1; kept <= expertsOnCpu; kept++) yield { offloaded, expertsOnCpu: kept };
  for (let fewer = offloaded - 1; fewer >= 2; fewer--) yield { offloaded: fewer, expertsOnCpu };
}

function fits(loads: Loads, room: CardRoom): boolean {
  return (
    loads.cards.every((bytes) => bytes <= room.cardBytes) && (room.hostBytes === null || loads.host <= room.hostBytes)
  );
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
