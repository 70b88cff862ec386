import { ggmlTypeByName } from "../../quant/ggml-types.js";
import type { BackendId, Device } from "../catalog/device.js";
import type { SpeedRange } from "../compatibility.js";
import type { Footprint } from "../memory/memory.js";
import { sameChip } from "./same-chip.js";
import type { SpeedConstants } from "./speed-constants.js";

export interface PrefillRequest {
  footprint: Footprint;
  device: Device;
  backend: BackendId;
  constants: SpeedConstants;
}

/**
 * Estimates tokens per second of a prompt of 512 tokens with all layers offloaded: measurements of the same chip, scaled by
 * the model's active parameters. Null for unmeasured chips and backends, because the catalog has no computing power.
 */
export function prefillSpeed({ footprint, device, backend, constants }: PrefillRequest): SpeedRange | null {
  const { chips, spread } = constants.prefill;
  const chip = chips.find((one) => one.backend === backend && sameChip(one.name, device.chip));
  if (chip === undefined) return null;
  const parameters = activeParameters(footprint);
  return {
    low: (chip.low * spread.low) / parameters,
    high: (chip.high * spread.high) / parameters,
    basis: "estimate",
    source: `scaled by parameter count from ${chip.rows} published measurement${chip.rows === 1 ? "" : "s"} of ${chip.name} (${backend})`,
  };
}

/** Number of active weights per token, from their bytes and the types' bits per value. */
function activeParameters({ types, activeBytes }: Footprint): number {
  let bytes = 0;
  let values = 0;
  for (const [name, size] of Object.entries(types)) {
    bytes += size;
    values += (8 * size) / (ggmlTypeByName(name)?.bitsPerWeight ?? 16);
  }
  return (values / bytes) * activeBytes;
}
