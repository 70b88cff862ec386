import { findDevice } from "../hardware/catalog/find-device.js";
import { representativeDevices } from "../hardware/catalog/representative-devices.js";
import type { JudgedDevices } from "../hardware/fit/judge-release.js";
import type { Settings } from "../recipe/settings.js";
import type { PlanFacts } from "./facts.js";

/**
 * The devices that a release is judged for, those of its dynamic variants among them, and whatever the catalog says that has a part in it: this is what the
 * package step's key holds of the catalog, beside the constants of the speed model. Throws QS-DEVICE-UNKNOWN.
 */
export function judgedDevices(
  { devices: named, variants }: Pick<Settings, "devices" | "variants">,
  { catalog, speed }: Pick<PlanFacts, "catalog" | "speed">,
): JudgedDevices {
  const contexts = deviceContexts(variants);
  const own = contexts.map(({ device }) => device);
  const ids = [...(named.length === 0 ? representativeDevices(catalog).map(({ id }) => id) : named), ...own];
  const devices = [...new Set(ids)].map((id) => findDevice(catalog, id));
  const runBy = new Set(devices.flatMap(({ backends }) => backends));
  const backends = [...catalog.backends.values()].filter(({ id }) => runBy.has(id));
  const cited = new Set([...citations(devices), ...citations(backends)]);
  return {
    devices,
    contexts,
    backends,
    sources: [...catalog.sources.values()].filter(({ id }) => cited.has(id)),
    speed,
  };
}

/** Where the recipe's dynamic variants are made to run, and with how much context. */
function deviceContexts(variants: Settings["variants"]): { device: string; context: number }[] {
  return variants.flatMap((variant) => {
    if (variant.kind !== "dynamic" || variant.dynamic.budget.kind !== "device") return [];
    const { device, context } = variant.dynamic.budget;
    return [{ device, context }];
  });
}

/** Every `source` in it, however deep it stands. */
function citations(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) =>
    key === "source" && typeof item === "string" ? [item] : citations(item),
  );
}
