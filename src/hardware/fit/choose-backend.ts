import type { Backend, BackendId, Catalog, Device } from "../catalog/device.js";
import type { Footprint } from "../memory/memory.js";

/** The backend that a file runs on, and what of the file decided it. */
export interface BackendChoice {
  /** The best that can compute every type of the file; null when none can. */
  backend: BackendId | null;
  /** Better backends that cannot, with the types in their way. */
  passedOver: { backend: BackendId; types: string[] }[];
}

/** The device's first backend that can compute all tensor types of a file. `only` leaves the others out. */
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

/** Types of the file that run well below the speed of their size on a backend, and the share of the bytes they have. */
export function slowTypes({ types }: Pick<Footprint, "types">, backend: Backend | undefined) {
  const slow = typesAmong(types, backend?.slow ?? []);
  const all = Object.values(types).reduce((sum, bytes) => sum + bytes, 0);
  const share = slow.reduce((sum, type) => sum + (types[type] ?? 0), 0) / Math.max(1, all);
  return { types: slow, share };
}

/** Whether a backend is the processor itself. */
export function isCpuBackend(backend: BackendId): backend is "cpu-arm" | "cpu-x86" {
  return backend === "cpu-arm" || backend === "cpu-x86";
}

function typesAmong(types: Footprint["types"], listed: readonly string[]): string[] {
  return listed.filter((type) => (types[type] ?? 0) > 0);
}
