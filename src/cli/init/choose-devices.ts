import type { Catalog, Device } from "../../hardware/catalog/device.js";
import { presetByName } from "../../quant/presets.js";
import type { ModelOutline } from "./model-outline.js";

/** Devices worth a variant of their own, in each group from the smallest on. */
const groups: readonly (readonly string[])[] = [
  ["galaxy-a54-6gb", "iphone-15-pro", "pixel-9", "iphone-17-pro", "galaxy-s25"],
  ["m1-8gb", "rtx-4060", "rtx-3060-12gb", "m4-pro-24gb", "rtx-3090"],
];

/** Beside these, which most people have, the card and the table tell about the device classes. */
const others = ["laptop-ddr4-16gb", "m4-max-64gb", "rtx-5090", "m3-ultra-256gb", "h100-80gb"];

/** Presets that name a variant by its bits; not those that a drafted recipe has anyway. */
const labels = ["Q5_K_M", "Q5_K_S", "IQ4_XS", "Q3_K_L", "Q3_K_M", "Q3_K_S"];

/** Fewer bits than this damage a model visibly, and with more a preset fits. */
const fewest = 3.3;
const most = 6.5;

/** What llama.cpp computes in beside weights and cache, rounded up. */
const workBytes = 400e6;

/** Tokens that a drafted variant has room for on its device; fewer where the model knows no more. */
const defaultContext = 4096;

export function draftContext({ contextLength }: Pick<ModelOutline, "contextLength">): number {
  return Math.min(defaultContext, contextLength ?? defaultContext);
}

export interface DeviceChoice {
  /** Made for one device each. */
  variants: { name: string; device: Device; bits: number }[];
  /** Told about on the card. */
  devices: Device[];
}

/**
 * The devices to draft a recipe for: in each group the two smallest that some types below Q6_K just fit, with a name for
 * the variant near its bits per weight. The bits are a forecast from config.json, meant to choose and not to promise.
 */
export function chooseDevices(model: ModelOutline, { devices: known }: Pick<Catalog, "devices">): DeviceChoice {
  const chosen: DeviceChoice = { variants: [], devices: [] };
  const bitsOn = (device: Device) => bitsPerWeight(model, device);
  const named = (ids: readonly string[]) => ids.flatMap((id) => known.get(id) ?? []);
  for (const group of groups) {
    const fitting = named(group).filter((device) => (bitsOn(device) ?? 0) >= fewest);
    const snug = fitting.filter((device) => (bitsOn(device) ?? most) < most).slice(0, 2);
    for (const device of snug) {
      const bits = bitsOn(device) ?? 0;
      const name = labelFor(bits, new Set(chosen.variants.map((variant) => variant.name)));
      if (name !== undefined) chosen.variants.push({ name, device, bits });
    }
    chosen.devices.push(...fitting.slice(0, 3));
  }
  const more = named(others).filter((device) => (bitsOn(device) ?? 0) >= fewest);
  chosen.devices.push(...more.slice(0, 2));
  return chosen;
}

/** Bits per weight that fit beside the cache of `draftContext` tokens; undefined when config.json tells too little. */
function bitsPerWeight(model: ModelOutline, { budget, memory }: Device) {
  const { parameters, cacheBytesPerToken } = model;
  if (cacheBytesPerToken === null) return undefined;
  const free = budget.value * memory.cards - cacheBytesPerToken * draftContext(model) - workBytes;
  return (8 * free) / parameters;
}

/** The free label whose preset is nearest in bits per weight. */
function labelFor(bits: number, taken: ReadonlySet<string>): string | undefined {
  const distance = (label: string) => Math.abs((presetByName(label)?.bitsPerWeight ?? 16) - bits);
  return labels.filter((label) => !taken.has(label)).sort((a, b) => distance(a) - distance(b))[0];
}
