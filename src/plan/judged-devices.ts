import { findDevice } from "../hardware/catalog/find-device.js";
import type { JudgedDevices } from "../hardware/judge-release.js";
import { representativeDevices } from "../hardware/representative-devices.js";
import type { PlanFacts } from "./facts.js";

/**
 * The devices that a release is judged for, and whatever the catalog says that has a part in it: this is what the
 * package step's key holds of the catalog, beside the constants of the speed model. Throws QS-DEVICE-UNKNOWN.
 */
export function judgedDevices(
  ids: readonly string[],
  { catalog, speed }: Pick<PlanFacts, "catalog" | "speed">,
): JudgedDevices {
  const devices =
    ids.length === 0 ? representativeDevices(catalog) : [...new Set(ids)].map((id) => findDevice(catalog, id));
  const named = new Set(devices.flatMap(({ backends }) => backends));
  const backends = [...catalog.backends.values()].filter(({ id }) => named.has(id));
  const cited = new Set([...citations(devices), ...citations(backends)]);
  return { devices, backends, sources: [...catalog.sources.values()].filter(({ id }) => cited.has(id)), speed };
}

/** Every `source` in it, however deep it stands. */
function citations(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) =>
    key === "source" && typeof item === "string" ? [item] : citations(item),
  );
}
