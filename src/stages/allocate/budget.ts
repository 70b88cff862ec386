import type { Backend } from "../../hardware/catalog/device.js";
import type { DeviceTraits } from "../../hardware/fit/place-model.js";

// Aliases, not interfaces: interfaces are not assignable to a step's JSON parameters.
/** The size limit of a dynamic variant. `Device` has the key `device`: a catalog entry in settings, its traits in a step. */
export type Budget<Device extends { device: unknown }> =
  | { kind: "sizeOf"; preset: string }
  | { kind: "bitsPerWeight"; bitsPerWeight: number }
  | { kind: "bytes"; bytes: number }
  /** The variant must fit with `context` tokens of f16 KV cache; `reserveBytes` of each GPU's budget stay free. */
  | ({ kind: "device"; context: number; reserveBytes: number } & Device);

/** The budget of a step. */
export type VariantBudget = Budget<{
  /** Only the traits that affect the result, since all of them are part of the step's key. */
  device: DeviceTraits;
  /** The device's first backend, on which the whole variant must fit. */
  backend: Backend;
}>;

export type DeviceBudget = Extract<VariantBudget, { kind: "device" }>;
