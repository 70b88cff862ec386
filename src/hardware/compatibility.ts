import type { BackendId, Basis, Device, DeviceClass, Figure, FigureRange, Source } from "./device.js";
import type { KvType, MemoryEstimate } from "./memory.js";

/**
 * `full`: everything on the device's first backend. `partial`: some layers, or the experts, stay with the processor.
 * `cpu`: it runs on the processor alone. `no`: it does not run, or only by swapping.
 */
export const verdicts = ["full", "partial", "cpu", "no"] as const;
export type Verdict = (typeof verdicts)[number];

/** What keeps a variant from the better verdict. */
export type Limit = "memory" | "type" | "os";

/** Tokens per second as bounds; never one number. */
export interface SpeedRange {
  low: number;
  high: number;
  basis: Basis;
  source: string;
}

/** One variant on one device at one context. */
export interface FitResult {
  variant: string;
  device: string;
  backend: BackendId;
  context: number;
  kvType: KvType;
  verdict: Verdict;
  limit: Limit | null;
  /** Why it is not better than it is, one sentence; null for `full` without remarks. */
  reason: string | null;
  /** Blocks (with the output as one more) on the device; null for `cpu` and `no`. */
  layers: { offloaded: number; total: number; expertsOnCpu: number } | null;
  /** Largest context that keeps the verdict, or for `no`, at which it runs at all; null when none does. */
  maximumContext: Record<KvType, number | null>;
  /** Memory the system cannot take back: what is not mapped from the file. */
  dirtyBytes: number;
  /** All memory in use, mapped weights included. */
  residentBytes: number;
  /** For discrete cards: what the computer beside them needs. */
  hostBytes: number;
  decode: SpeedRange | null;
  prefill: SpeedRange | null;
  /** Share of the first speed left under load. */
  sustained: FigureRange | null;
  energyPerToken: FigureRange | null;
  batteryPer1kTokens: FigureRange | null;
  /** llama.cpp's flags for this result, such as `-ngl 99 -c 8192 -ctk q8_0 -ctv q8_0 -fa on`. */
  flags: string;
}

/** `hardware-compatibility.json`: every variant on every device. */
export interface HardwareCompatibility {
  version: 1;
  model: string;
  sources: Source[];
  variants: CompatibleVariant[];
  devices: CompatibleDevice[];
  results: FitResult[];
  /** The variant to take, by device; null with the reason when none fits. */
  recommended: { device: string; variant: string | null; context: number; reason: string }[];
}

export interface CompatibleVariant {
  name: string;
  file: string;
  bytes: number;
  bitsPerWeight: number;
  types: Record<string, number>;
  /** Mean KL divergence from the 16-bit base in nats; null when it was not measured. */
  kldMean: number | null;
  memory: MemoryEstimate[];
}

export interface CompatibleDevice {
  id: string;
  name: string;
  class: DeviceClass;
  memory: Device["memory"];
  budget: Figure;
  bandwidth: Figure | null;
  backend: BackendId;
}
