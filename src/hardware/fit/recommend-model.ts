import type { Catalog } from "../catalog/device.js";
import { verdicts } from "../compatibility.js";
import { type Candidate, isSlow, recommendVariant } from "./recommend.js";

/** A candidate with its model. */
export interface ModelCandidate extends Candidate {
  model: string;
  parameters: number;
}

export interface ModelRecommendation<C extends ModelCandidate> {
  /** Null if no variant runs. */
  pick: C | null;
  reason: string;
}

/**
 * Recommends a variant of several models: the best of each model by `recommendVariant`, ranked by verdict, parameters,
 * absence of slow types, and bits per weight. KL divergence does not compare models, because each is measured against its
 * own base. All `candidates` have the same device and context.
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
  const among = `${first.pick.model} ranks first among the ${picks.length} models that run, by verdict and then by parameters (${(first.pick.parameters / 1e9).toPrecision(3)} billion)`;
  const alone = `${first.pick.model} is the only model that runs`;
  const caveat = "KL divergences of different models are not comparable";
  const which = picks.length === 1 ? alone : `${among}; ${caveat}`;
  return {
    pick: first.pick,
    reason: `${which}; its best variant is ${first.pick.variant.name}: ${first.reason}`,
  };
}
