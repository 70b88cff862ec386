import type { CatalogFile } from "./catalog-file.js";
import type { Catalog } from "./device.js";

/** Merges files into one catalog; entries of later files replace earlier ones with the same id. */
export function mergeCatalog(files: readonly CatalogFile[]): Catalog {
  return {
    sources: byId(files.flatMap((file) => file.sources)),
    backends: byId(files.flatMap((file) => file.backends)),
    devices: byId(files.flatMap((file) => file.devices)),
  };
}

function byId<Id extends string, T extends { id: Id }>(entries: readonly T[]): Map<Id, T> {
  return new Map(entries.map((entry) => [entry.id, entry]));
}
