import type { Backend } from "../../hardware/catalog/device.js";
import type { DeviceTraits } from "../../hardware/fit/place-model.js";

// Aliases, not interfaces: interfaces are not assignable to a step's JSON parameters.
/** What limits the size of a dynamic variant. `Device` contains the key `device`: a catalog entry in the settings, the figures that count in a step. */
export type Budget<Device extends { device: unknown }> =
  | { kind: "sizeOf"; preset: string }
  | { kind: "bitsPerWeight"; bitsPerWeight: number }
  | { kind: "bytes"; bytes: number }
  /** The device must fit the variant with `context` tokens of f16 cache; `reserveBytes` of each card's budget stay free. */
  | ({ kind: "device"; context: number; reserveBytes: number } & Device);

/** The budget of a step. */
export type VariantBudget = Budget<{
  /** With the one backend that counts; figures that decide nothing would only change the step's key. */
  device: DeviceTraits;
  /** The device's first backend, on which the variant must fit wholly. */
  backend: Backend;
}>;

export type DeviceBudget = Extract<VariantBudget, { kind: "device" }>;
