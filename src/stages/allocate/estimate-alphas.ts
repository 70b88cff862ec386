import type { Probe } from "./probe-journal.js";

/** A probe with its tensors' error and alpha. */
export interface ProbeWithAlpha extends Probe {
  role: string;
  tensors: readonly string[];
  /** Sum of e(i, type) over its tensors. */
  error: number;
  /** KL divergence in nats per unit of error, at least 0. */
  alpha: number;
  /** False if the damage is below the noise; alpha is then pooled over the role. */
  readable: boolean;
}

export type ProbeReading = Omit<ProbeWithAlpha, "alpha" | "readable">;

/** KL divergence of the base model from its own logits, which are stored with 16 bits. */
export type NoiseFloor = Pick<Probe, "kld" | "kldError">;

/** A reading is readable from this many standard errors above the noise floor. */
const readableErrors = 3;

/** Returns the damage above the noise floor, in nats. */
function damageOf(probe: Pick<Probe, "kld">, floor: NoiseFloor): number {
  return Math.max(0, probe.kld - floor.kld);
}

export function isReadable(probe: Pick<Probe, "kld" | "kldError">, floor: NoiseFloor): boolean {
  return damageOf(probe, floor) >= readableErrors * Math.hypot(probe.kldError, floor.kldError);
}

/**
 * Returns alpha = (KLD - floor) / sum of e for every probe (linearity theorem, HIGGS, arXiv 2411.17525). An unreadable
 * probe gets the alpha pooled over its role, or over all probes if that is 0, so that no tensor appears free.
 */
export function estimateAlphas(readings: readonly ProbeReading[], floor: NoiseFloor): ProbeWithAlpha[] {
  const all = pooledAlpha(readings, floor);
  return readings.map((reading) => {
    const readable = isReadable(reading, floor);
    const peers = readings.filter(({ role }) => role === reading.role);
    const alpha = readable ? ratio(damageOf(reading, floor), reading.error) : pooledAlpha(peers, floor) || all;
    return { ...reading, alpha, readable };
  });
}

function pooledAlpha(readings: readonly ProbeReading[], floor: NoiseFloor): number {
  const damage = readings.reduce((sum, reading) => sum + damageOf(reading, floor), 0);
  return ratio(
    damage,
    readings.reduce((sum, { error }) => sum + error, 0),
  );
}

/** Returns 0 for an error of 0: a tensor of zeros has no error in any type. */
function ratio(damage: number, error: number): number {
  return error > 0 ? damage / error : 0;
}
