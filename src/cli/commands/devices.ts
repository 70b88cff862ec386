import { findDevice } from "../../hardware/catalog/find-device.js";
import { loadCatalog } from "../../recipe/catalog/load-catalog.js";
import { print, printJson } from "../print.js";
import { citedSources, deviceTable, deviceText } from "../views/device-view.js";

/**
 * `quantsmith devices`: prints the catalog as a table, or one device with the basis and source of every figure.
 * Errors: QS-CATALOG-*, QS-DEVICE-*.
 */
export async function devices(id: string | undefined, options: { catalog?: string; json?: boolean }): Promise<void> {
  const catalog = await loadCatalog(options.catalog === undefined ? [] : [options.catalog]);
  if (id !== undefined) {
    const device = findDevice(catalog, id);
    const backends = device.backends.flatMap((backend) => catalog.backends.get(backend) ?? []);
    if (options.json === true) printJson({ device, backends, sources: citedSources(catalog, device, backends) });
    else print(deviceText(catalog, device));
    return;
  }
  const all = [...catalog.devices.values()];
  if (options.json === true) {
    printJson({ devices: all, backends: [...catalog.backends.values()], sources: [...catalog.sources.values()] });
  } else {
    print(deviceTable(all));
    print(["", "Run `quantsmith devices <id>` for the basis and source of every figure of a device."]);
  }
}
