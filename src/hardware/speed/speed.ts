import type { BackendId, Device, Figure } from "../catalog/device.js";
import type { FitResult, SpeedRange } from "../compatibility.js";
import type { Footprint } from "../memory/memory.js";
import { hostShare } from "./host-share.js";
import { sameChip } from "./same-chip.js";
import type { BackendSpeed, SpeedConstants } from "./speed-constants.js";
import { type TypeClass, typeClass } from "./type-class.js";

export interface SpeedQuestion {
  footprint: Footprint;
  /** Bytes of the KV cache that one token reads: all of it that is filled. */
  kvReadBytes: number;
  device: Device;
  /** Computes the offloaded layers; everything, when `layers` is null. */
  backend: BackendId;
  constants: SpeedConstants;
  /** Which layers and experts are offloaded, as in a `FitResult`; null when all is in one place. */
  layers?: FitResult["layers"];
  /** The computer beside a card, where it is known. Devices of one memory need none: it is their own processor. */
  host?: { backend: BackendId; bandwidth: Figure } | null;
}

/** A model this many times smaller than the smallest measured one is out of what the fit can tell. */
const farBelow = 4;

/**
 * Tokens per second of one sequence: 1 / (overhead × layers + Σ bytes / (efficiency × bandwidth)), with active experts only,
 * without the looked-up embedding, and summed over device and processor. Efficiencies and overheads are fitted to published
 * measurements (`speed/fit-decode.ts`); the bounds are what chips that were held out of the fit were measured to differ by, or,
 * for a chip that was measured with types like the file's, what a chip's own measurements differ by.
 * Null where bandwidth or measurements are missing, and for models far smaller than any that was measured, whose speed is not
 * their memory's. Always an estimate.
 */
export function decodeSpeed(question: SpeedQuestion): SpeedRange | null {
  const { footprint, kvReadBytes, device, backend, constants } = question;
  if (footprint.activeBytes < constants.smallestBytes / farBelow) return null;
  const onHost = hostShare(footprint, question.layers ?? null);
  const processor = device.backends.find((id) => id.startsWith("cpu-"));
  const own = processor === undefined ? null : { backend: processor, bandwidth: bandwidthOf(device, processor) };
  const host = question.host ?? own;
  const parts = [
    {
      backend,
      bandwidth: bandwidthOf(device, backend),
      chip: device.chip,
      layers: 1 - onHost.layers,
      bytes: 1 - onHost.bytes,
    },
    { backend: host?.backend, bandwidth: host?.bandwidth ?? null, chip: host === own ? device.chip : null, ...onHost },
  ].filter(({ bytes }) => bytes > 0);

  let slowest = 0;
  let fastest = 0;
  const sources: string[] = [];
  for (const part of parts) {
    const speed = constants.backends.find((one) => one.backend === part.backend);
    if (speed === undefined || part.bandwidth === null) return null;
    const bytes = footprint.activeBytes * part.bytes + kvReadBytes * part.layers;
    const overhead = speed.overheadSeconds * footprint.layerBytes.length * part.layers;
    const ideal = bytes / part.bandwidth.value;
    const reading = readingSeconds(ideal, footprint, speed, constants.unmeasuredClass);
    const known = speed.chips.find(({ name }) => part.chip !== null && sameChip(name, part.chip));
    const surely = known?.classes.includes(reading.main) === true;
    const spread = surely ? constants.knownChips.spread : speed.spread;
    slowest += (overhead + reading.slow) / (spread.low * (known?.factor ?? 1));
    // However fast a chip may be, it does not read faster than its memory gives.
    fastest += Math.max(ideal, (overhead + reading.fast) / (spread.high * (known?.factor ?? 1)));
    sources.push(
      `fit to ${speed.rows} published measurements on ${speed.chips.length} chips (${speed.backend}), ` +
        `${known?.rows ?? "none"} of them on ${known?.name ?? "this one"}${reading.note}`,
    );
  }
  return { low: 1 / slowest, high: 1 / fastest, basis: "estimate", source: sources.join("; ") };
}

/** Of the device's memory for what computes there; null for the processor beside a card, whose memory the catalog does not know. */
function bandwidthOf({ bandwidth, memory }: Device, backend: BackendId): Figure | null {
  return memory.kind === "discrete" && backend.startsWith("cpu-") ? null : bandwidth;
}

/** Seconds to read what takes `ideal` seconds at the full bandwidth, given the types in the file. */
function readingSeconds(ideal: number, { types }: Footprint, speed: BackendSpeed, unmeasured: number) {
  const all = Object.values(types).reduce((sum, bytes) => sum + bytes, 0);
  const missing = new Set<TypeClass>();
  let slow = 0;
  let fast = 0;
  const shares = new Map<TypeClass, number>();
  for (const [type, bytes] of Object.entries(types)) {
    const kind = typeClass(type);
    const seconds = (ideal * bytes) / all;
    const measured = speed.byClass[kind];
    shares.set(kind, (shares.get(kind) ?? 0) + bytes);
    fast += seconds / (measured ?? speed.efficiency);
    // Norms and other small floats are in every file and decide nothing.
    const counts = measured === undefined && bytes / all > 0.05;
    slow += seconds / (measured ?? speed.efficiency * (counts ? unmeasured : 1));
    if (counts) missing.add(kind);
  }
  const note = missing.size === 0 ? "" : `, no types like this file's (${[...missing].join(", ")}) among them`;
  const main = [...shares].reduce((most, one) => (one[1] > most[1] ? one : most), ["float", 0] as [
    TypeClass,
    number,
  ])[0];
  return { slow, fast, main, note };
}
