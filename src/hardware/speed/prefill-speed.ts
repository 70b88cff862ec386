import { ggmlTypeByName } from "../../quant/ggml-types.js";
import type { BackendId, Device } from "../catalog/device.js";
import type { SpeedRange } from "../compatibility.js";
import type { Footprint } from "../memory/memory.js";
import { sameChip } from "./same-chip.js";
import type { SpeedConstants } from "./speed-constants.js";

export interface PrefillQuestion {
  footprint: Footprint;
  device: Device;
  backend: BackendId;
  constants: SpeedConstants;
}

/**
 * Tokens per second of a prompt of 512 tokens, all layers offloaded: what this very chip was measured with, over this model's
 * active parameters. Null for chips and backends that nobody measured: computing power is not in the catalog.
 */
export function prefillSpeed({ footprint, device, backend, constants }: PrefillQuestion): SpeedRange | null {
  const { chips, spread } = constants.prefill;
  const chip = chips.find((one) => one.backend === backend && sameChip(one.name, device.chip));
  if (chip === undefined) return null;
  const parameters = activeParameters(footprint);
  return {
    low: (chip.low * spread.low) / parameters,
    high: (chip.high * spread.high) / parameters,
    basis: "estimate",
    source: `scaled by parameters from ${chip.rows} published measurement${chip.rows === 1 ? "" : "s"} of ${chip.name} (${backend})`,
  };
}

/** Values that take part in one token: those of the active weights, by the types' bits per value. */
function activeParameters({ types, activeBytes }: Footprint): number {
  let bytes = 0;
  let values = 0;
  for (const [name, size] of Object.entries(types)) {
    bytes += size;
    values += (8 * size) / (ggmlTypeByName(name)?.bitsPerWeight ?? 16);
  }
  return (values / bytes) * activeBytes;
}
