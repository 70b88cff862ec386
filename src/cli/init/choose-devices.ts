import type { Catalog, Device } from "../../hardware/catalog/device.js";
import { presetByName } from "../../quant/presets.js";
import type { ModelOutline } from "./model-outline.js";

/** Candidate devices for variants, in ascending size within each group. */
const groups: readonly (readonly string[])[] = [
  ["galaxy-a54-6gb", "iphone-15-pro", "pixel-9", "iphone-17-pro", "galaxy-s25"],
  ["m1-8gb", "rtx-4060", "rtx-3060-12gb", "m4-pro-24gb", "rtx-3090"],
];

/** Common devices for the recipe's `devices` list; reports also cover the other device classes. */
const listedDevices = ["laptop-ddr4-16gb", "m4-max-64gb", "rtx-5090", "m3-ultra-256gb", "h100-80gb"];

/** Labels for variants by bits per weight, without the presets of every drafted recipe. */
const labels = ["Q5_K_M", "Q5_K_S", "IQ4_XS", "Q3_K_L", "Q3_K_M", "Q3_K_S"];

/** Bits per weight: below the minimum, a model loses quality visibly; above the maximum, a preset fits. */
const minBits = 3.3;
const maxBits = 6.5;

/** Compute buffers of llama.cpp besides weights and KV cache, rounded up. */
const workBytes = 400e6;

/** Context in tokens of drafted variants on their devices, unless the model's is shorter. */
const defaultContext = 4096;

export function draftContext({ contextLength }: Pick<ModelOutline, "contextLength">): number {
  return Math.min(defaultContext, contextLength ?? defaultContext);
}

export interface DeviceChoice {
  /** Variants for one device each. */
  variants: { name: string; device: Device; bits: number }[];
  /** Devices in reports and on the card. */
  devices: Device[];
}

/**
 * Chooses the devices of a drafted recipe: in each group the two smallest that fit only types below Q6_K, with a label
 * near the bits per weight. The bits are an estimate from config.json, good enough for this choice only.
 */
export function chooseDevices(model: ModelOutline, { devices: known }: Pick<Catalog, "devices">): DeviceChoice {
  const chosen: DeviceChoice = { variants: [], devices: [] };
  const bitsOn = (device: Device) => bitsPerWeight(model, device);
  const named = (ids: readonly string[]) => ids.flatMap((id) => known.get(id) ?? []);
  for (const group of groups) {
    const fitting = named(group).filter((device) => (bitsOn(device) ?? 0) >= minBits);
    const limited = fitting.filter((device) => (bitsOn(device) ?? maxBits) < maxBits).slice(0, 2);
    for (const device of limited) {
      const bits = bitsOn(device) ?? 0;
      const name = labelFor(bits, new Set(chosen.variants.map((variant) => variant.name)));
      if (name !== undefined) chosen.variants.push({ name, device, bits });
    }
    chosen.devices.push(...fitting.slice(0, 3));
  }
  const more = named(listedDevices).filter((device) => (bitsOn(device) ?? 0) >= minBits);
  chosen.devices.push(...more.slice(0, 2));
  return chosen;
}

/** Returns the bits per weight that fit beside the KV cache of `draftContext` tokens; undefined for an unknown KV size. */
function bitsPerWeight(model: ModelOutline, { budget, memory }: Device) {
  const { parameters, cacheBytesPerToken } = model;
  if (cacheBytesPerToken === null) return undefined;
  const free = budget.value * memory.cards - cacheBytesPerToken * draftContext(model) - workBytes;
  return (8 * free) / parameters;
}

/** Returns the unused label whose preset is nearest in bits per weight. */
function labelFor(bits: number, taken: ReadonlySet<string>): string | undefined {
  const distance = (label: string) => Math.abs((presetByName(label)?.bitsPerWeight ?? 16) - bits);
  return labels.filter((label) => !taken.has(label)).sort((a, b) => distance(a) - distance(b))[0];
}
