import { QuantsmithError } from "../../util/errors.js";
import { quote } from "../../util/quote.js";
import { didYouMean, nearest } from "../../util/suggest.js";
import { parseCustomDevice } from "./custom-device.js";
import type { Catalog, Device } from "./device.js";

/**
 * Returns the device with an id, or the one that `custom:…` describes.
 * Throws `QS-DEVICE-UNKNOWN`, or `QS-DEVICE-CUSTOM` for an invalid description.
 */
export function findDevice(catalog: Catalog, id: string): Device {
  if (id.startsWith("custom:")) return parseCustomDevice(id);
  const found = catalog.devices.get(id);
  if (found !== undefined) return found;
  const { message, remedy } = unknownDevice(catalog, id);
  throw new QuantsmithError("QS-DEVICE-UNKNOWN", message, { remedy });
}

/** Returns message and remedy for an id that is not in the catalog. */
export function unknownDevice(catalog: Catalog, id: string): { message: string; remedy: string } {
  const near = nearest(id, catalog.devices.keys());
  const guess = near === undefined ? "" : `${didYouMean(near)} `;
  return {
    message: `the catalog has no device ${quote(id)}`,
    remedy: `${guess}Run \`quantsmith devices\` to list all devices, or add yours in a catalog file.`,
  };
}
