import type { Device } from "../hardware/catalog/device.js";
import { representativeDevices } from "../hardware/catalog/representative-devices.js";
import type { TargetDevices } from "../hardware/fit/estimate-release-fit.js";
import type { Settings } from "../recipe/settings.js";
import type { PlanFacts } from "./facts.js";

/**
 * Returns the devices that a release is judged for, including those of its dynamic variants, with the related parts of
 * the catalog. The package step's key includes only these and the constants of the speed model.
 */
export function targetDevices(
  { devices: named, variants, catalog }: Pick<Settings, "devices" | "variants" | "catalog">,
  { speed }: Pick<PlanFacts, "speed">,
): TargetDevices {
  const contexts = deviceContexts(variants);
  const variantDevices = contexts.map(({ device }) => device);
  const devices = [...new Set([...(named.length === 0 ? representativeDevices(catalog) : named), ...variantDevices])];
  const runBy = new Set(devices.flatMap(({ backends }) => backends));
  const backends = [...catalog.backends.values()].filter(({ id }) => runBy.has(id));
  const cited = new Set([...citations(devices), ...citations(backends)]);
  return {
    devices,
    contexts: contexts.map(({ device, context }) => ({ device: device.id, context })),
    backends,
    sources: [...catalog.sources.values()].filter(({ id }) => cited.has(id)),
    speed,
  };
}

/** Returns device and context of the recipe's dynamic variants with a device budget. */
function deviceContexts(variants: Settings["variants"]): { device: Device; context: number }[] {
  return variants.flatMap((variant) => {
    if (variant.kind !== "dynamic" || variant.dynamic.budget.kind !== "device") return [];
    const { device, context } = variant.dynamic.budget;
    return [{ device, context }];
  });
}

/** Returns every `source` in a value, at any depth. */
function citations(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) =>
    key === "source" && typeof item === "string" ? [item] : citations(item),
  );
}
