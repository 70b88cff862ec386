import type { Probe } from "./probe-journal.js";

/** A probe with what its tensors' error was when it was made. */
export interface ProbeWithAlpha extends Probe {
  role: string;
  tensors: readonly string[];
  /** Sum of e(i, type) over its tensors. */
  error: number;
  /** KL divergence in nats per unit of error; 0 and more. */
  alpha: number;
  /** False where the damage drowns in noise and alpha is that of the role. */
  readable: boolean;
}

export type ProbeReading = Omit<ProbeWithAlpha, "alpha" | "readable">;

/** The base model against its own stored logits: what the 16 bits of these leave. */
export type NoiseFloor = Pick<Probe, "kld" | "kldError">;

/** A reading counts when it stands this many standard errors above the noise. */
const readableErrors = 3;

/** Damage above the noise floor, in nats. */
function damageOf(probe: Pick<Probe, "kld">, floor: NoiseFloor): number {
  return Math.max(0, probe.kld - floor.kld);
}

export function isReadable(probe: Pick<Probe, "kld" | "kldError">, floor: NoiseFloor): boolean {
  return damageOf(probe, floor) >= readableErrors * Math.hypot(probe.kldError, floor.kldError);
}

/**
 * alpha = (KLD - floor) / sum of e for every probe (linearity theorem, HIGGS, arXiv 2411.17525). A probe that cannot
 * be read gets the alpha of all probes of its role together, or of all there are: a tensor must not look free.
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

/** A tensor of zeros has no error in any type. */
function ratio(damage: number, error: number): number {
  return error > 0 ? damage / error : 0;
}
