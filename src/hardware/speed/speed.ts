import type { BackendId, Device, Figure } from "../catalog/device.js";
import type { FitResult, SpeedRange } from "../compatibility.js";
import type { Footprint } from "../memory/memory.js";
import { hostShare } from "./host-share.js";
import { sameChip } from "./same-chip.js";
import type { BackendSpeed, SpeedConstants } from "./speed-constants.js";
import { type TypeClass, typeClass } from "./type-class.js";

export interface SpeedRequest {
  footprint: Footprint;
  /** Bytes of the KV cache read per token: its filled part. */
  kvReadBytes: number;
  device: Device;
  /** Backend of the offloaded layers, or of everything if `layers` is null. */
  backend: BackendId;
  constants: SpeedConstants;
  /** Offloaded layers and experts, as in a `FitResult`; null if everything runs on `backend`. */
  layers?: FitResult["layers"];
  /** CPU and system memory besides a GPU, if known. Devices with unified memory use their own CPU. */
  host?: { backend: BackendId; bandwidth: Figure } | null;
}

/** The fit does not apply to models smaller than the smallest measured one by this factor. */
const farBelow = 4;

/**
 * Estimates tokens per second of one sequence: 1 / (overhead × layers + Σ bytes / (efficiency × bandwidth)), summed over
 * device and CPU, with active experts only and without the embedding. Efficiencies and overheads are fitted to published
 * measurements (`fit-decode.ts`). The bounds are the spread of held-out chips, or, for a chip measured with types like the
 * file's, the spread of held-out measurements of known chips. Null if bandwidth or measurements are missing, and for
 * models far smaller than any measured one, whose speed is not bound by memory.
 */
export function decodeSpeed(request: SpeedRequest): SpeedRange | null {
  const { footprint, kvReadBytes, device, backend, constants } = request;
  if (footprint.activeBytes < constants.smallestBytes / farBelow) return null;
  const onHost = hostShare(footprint, request.layers ?? null);
  const processor = device.backends.find((id) => id.startsWith("cpu-"));
  const own = processor === undefined ? null : { backend: processor, bandwidth: bandwidthOf(device, processor) };
  const host = request.host ?? own;
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
    // No chip reads faster than its memory bandwidth.
    fastest += Math.max(ideal, (overhead + reading.fast) / (spread.high * (known?.factor ?? 1)));
    sources.push(
      `fit to ${speed.rows} published measurements on ${speed.chips.length} chips (${speed.backend}), ` +
        `${known?.rows ?? "none"} of them on ${known?.name ?? "this chip"}${reading.note}`,
    );
  }
  return { low: 1 / slowest, high: 1 / fastest, basis: "estimate", source: sources.join("; ") };
}

/** Bandwidth of a backend; null for the CPU besides a discrete GPU, because system memory is not in the catalog. */
function bandwidthOf({ bandwidth, memory }: Device, backend: BackendId): Figure | null {
  return memory.kind === "discrete" && backend.startsWith("cpu-") ? null : bandwidth;
}

/** Slowest and fastest seconds for a read that takes `ideal` seconds at full bandwidth, by the types in the file. */
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
    // Ignore norms and other small floats, which are in every file.
    const counts = measured === undefined && bytes / all > 0.05;
    slow += seconds / (measured ?? speed.efficiency * (counts ? unmeasured : 1));
    if (counts) missing.add(kind);
  }
  const note = missing.size === 0 ? "" : `, none with types like this file's (${[...missing].join(", ")})`;
  const main = [...shares].reduce((most, one) => (one[1] > most[1] ? one : most), ["float", 0] as [
    TypeClass,
    number,
  ])[0];
  return { slow, fast, main, note };
}
