import type { Catalog } from "../catalog/device.js";
import { verdicts } from "../compatibility.js";
import { type Candidate, isSlow, recommendVariant } from "./recommend.js";

/** A candidate among those of several models. */
export interface ModelCandidate extends Candidate {
  model: string;
  parameters: number;
}

export interface ModelRecommendation<C extends ModelCandidate> {
  /** Null when nothing runs. */
  pick: C | null;
  reason: string;
}

/**
 * The variant to take of several models: each model's own by `recommendVariant`, then the model with the better
 * verdict, then the one with more parameters, then types that are not slow there, then more bits per weight. KL divergence does not compare models, each being
 * measured against its own base. `candidates` are of one device and context.
 */
export function recommendModel<C extends ModelCandidate>(
  candidates: readonly C[],
  backends: Catalog["backends"],
): ModelRecommendation<C> {
  const models = [...new Set(candidates.map(({ model }) => model))];
  const found = models.map((name) => {
    const own = candidates.filter(({ model }) => model === name);
    const { variant, reason } = recommendVariant(own, backends);
    return { pick: own.find((candidate) => candidate.variant.name === variant), reason };
  });
  const slow = ({ footprint, fit }: C) => Number(isSlow(footprint, backends, fit));
  const picks = found.flatMap(({ pick, reason }) => (pick === undefined ? [] : [{ pick, reason }]));
  const [first] = picks.sort(
    ({ pick: a }, { pick: b }) =>
      verdicts.indexOf(a.fit.verdict) - verdicts.indexOf(b.fit.verdict) ||
      b.parameters - a.parameters ||
      slow(a) - slow(b) ||
      b.variant.bitsPerWeight - a.variant.bitsPerWeight ||
      a.variant.bytes - b.variant.bytes,
  );
  if (first === undefined) return { pick: null, reason: found.map(({ reason }) => reason).join("; ") };
  if (models.length === 1) return first;
  const among = `of the ${picks.length} models that run, ${first.pick.model} has the best verdict, then the most parameters (${(first.pick.parameters / 1e9).toPrecision(3)} billion)`;
  const alone = `the only model that runs is ${first.pick.model}`;
  const caveat = "KL divergence says nothing about one model against another";
  const which = picks.length === 1 ? alone : `${among}; ${caveat}`;
  return {
    pick: first.pick,
    reason: `${which}; of its variants, ${first.pick.variant.name} is taken: ${first.reason}`,
  };
}
