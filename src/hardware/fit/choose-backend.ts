import type { Backend, BackendId, Catalog, Device } from "../catalog/device.js";
import type { Footprint } from "../memory/memory.js";

/** The backend on which a file runs, and the better ones that were excluded. */
export interface BackendChoice {
  /** The best backend that supports all types of the file; null if there is none. */
  backend: BackendId | null;
  /** Better backends, with the types of the file that they do not support. */
  passedOver: { backend: BackendId; types: string[] }[];
}

/** Returns the device's first backend that supports all tensor types of a file. `only` restricts the choice to one. */
export function chooseBackend(
  { types }: Pick<Footprint, "types">,
  device: Pick<Device, "backends">,
  backends: Catalog["backends"],
  only?: BackendId,
): BackendChoice {
  const passedOver: BackendChoice["passedOver"] = [];
  for (const id of only === undefined ? device.backends : [only]) {
    const missing = typesAmong(types, backends.get(id)?.unsupported ?? []);
    if (missing.length === 0) return { backend: id, passedOver };
    passedOver.push({ backend: id, types: missing });
  }
  return { backend: null, passedOver };
}

/** Returns the file's types that are slow on a backend, and their share of the bytes. */
export function slowTypes({ types }: Pick<Footprint, "types">, backend: Backend | undefined) {
  const slow = typesAmong(types, backend?.slow ?? []);
  const all = Object.values(types).reduce((sum, bytes) => sum + bytes, 0);
  const share = slow.reduce((sum, type) => sum + (types[type] ?? 0), 0) / Math.max(1, all);
  return { types: slow, share };
}

/** Returns true for a CPU backend. */
export function isCpuBackend(backend: BackendId): backend is "cpu-arm" | "cpu-x86" {
  return backend === "cpu-arm" || backend === "cpu-x86";
}

function typesAmong(types: Footprint["types"], listed: readonly string[]): string[] {
  return listed.filter((type) => (types[type] ?? 0) > 0);
}
