import type { TensorErrors } from "../../quant/error-table.js";
import type { KnapsackItem } from "../../quant/knapsack.js";
import type { TypeChoice } from "./choose-types.js";
import { isReadable, type NoiseFloor } from "./estimate-alphas.js";
import { exchanges } from "./exchanges.js";
import type { Probe } from "./probe-journal.js";
import type { ProbeUnit } from "./probe-units.js";

export interface RefineOptions {
  /** The best choice by the probes, and its alphas. */
  start: TypeChoice;
  alphas: ReadonlyMap<string, number>;
  /** Groups of tensors whose alphas are corrected together: the damage of most single tensors is unreadable. */
  units: readonly ProbeUnit[];
  budgetBytes: number;
  choose: (alphas: ReadonlyMap<string, number>) => TypeChoice;
  items: (alphas: ReadonlyMap<string, number>) => KnapsackItem[];
  /** Returns the choice with some tensors changed. */
  change: (choice: TypeChoice, types: ReadonlyMap<string, string>, alphas: ReadonlyMap<string, number>) => TypeChoice;
  /** Measures the mean KL divergence on the search text with these types and all other tensors as in the base. */
  measure: (types: ReadonlyMap<string, string>) => Promise<Pick<Probe, "kld" | "kldError">>;
}

export interface Refinement {
  choice: TypeChoice;
  /** Mean KL divergence on the search text, in nats, of the start and of the best choice. */
  startKld: number;
  kld: number;
  rounds: number;
  exchanges: number;
}

/** Smallest relative gain worth another measurement: equal to the gain of 0.05 % more bytes. */
const minGain = 0.0025;
const maxRounds = 3;
/** The search ends after this many exchanges in a row without a gain. */
const maxFailures = 4;
const maxExchanges = 12;
/** Limit of a correction factor and its inverse; larger corrections are measurement errors. */
const maxCorrection = 2;

/**
 * Improves a choice by measuring it. Each round restores each group to 16 bits in turn; the drop in divergence is the
 * group's damage at its current types and corrects its alphas; then the knapsack is solved again. After the rounds,
 * exchanges of two tensors are measured, most promising first. The best measured choice is returned, so the result is
 * never worse on the search text than the start.
 */
export async function refineChoice(options: RefineOptions): Promise<Refinement> {
  const measured = async (choice: TypeChoice) => ({ choice, ...(await options.measure(names(choice))) });
  const start = await measured(options.start);
  let best = start;
  let alphas = options.alphas;
  let rounds = 0;
  for (let gain = true; gain && rounds < maxRounds; rounds++) {
    alphas = await correctAlphas(alphas, best, options);
    const next = await measured(options.choose(alphas));
    gain = next.kld < best.kld * (1 - minGain);
    if (next.kld < best.kld) best = next;
  }
  let tried = 0;
  for (let failures = 0; failures < maxFailures && tried < maxExchanges; tried++) {
    const spare = options.budgetBytes - best.choice.fileBytes;
    const next = exchanges(options.items(alphas), names(best.choice), spare)[failures];
    if (next === undefined) break;
    const changed = await measured(options.change(best.choice, next.types, alphas));
    if (changed.kld < best.kld * (1 - minGain)) {
      best = changed;
      failures = 0;
    } else failures++;
  }
  return { choice: best.choice, startKld: start.kld, kld: best.kld, rounds, exchanges: tried };
}

async function correctAlphas(
  alphas: ReadonlyMap<string, number>,
  { choice, kld, kldError }: { choice: TypeChoice } & NoiseFloor,
  { units, measure }: RefineOptions,
): Promise<ReadonlyMap<string, number>> {
  const types = names(choice);
  const next = new Map(alphas);
  for (const { tensors } of units) {
    const without = new Map(types);
    for (const { name } of tensors) without.delete(name);
    const damage = kld - (await measure(without)).kld;
    const predicted = tensors.reduce((sum, tensor) => sum + predictedDamage(tensor, types, alphas), 0);
    if (predicted === 0 || !isReadable({ kld: damage, kldError }, { kld: 0, kldError: 0 })) continue;
    const factor = Math.min(maxCorrection, Math.max(1 / maxCorrection, damage / predicted));
    for (const { name } of tensors) next.set(name, (alphas.get(name) ?? 0) * factor);
  }
  return next;
}

function predictedDamage(
  { name, errors }: TensorErrors,
  types: ReadonlyMap<string, string>,
  alphas: ReadonlyMap<string, number>,
): number {
  return (alphas.get(name) ?? 0) * (errors[types.get(name) ?? ""] ?? 0);
}

function names({ types }: TypeChoice): Map<string, string> {
  return new Map([...types].map(([name, { name: type }]) => [name, type]));
}
