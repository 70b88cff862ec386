import * as z from "zod";
import { backendId } from "../catalog/device.js";
import { typeClasses } from "./type-class.js";

const positive = z.number().positive();
const spread = z.strictObject({ low: positive, high: positive });

/** `devices/speed/constants.json`, which `npm run derive-speed` writes. */
export const speedConstants = z.strictObject({
  version: z.literal(1),
  /** How well other chips foretell a chip: mean |predicted − measured| / measured, and that of a constant efficiency of 0.55. */
  heldOut: z.strictObject({ rows: z.int(), chips: z.int(), error: positive, usualError: positive }),
  /** The same for chips with other measurements of their own, one measurement held out; and measured over predicted speed. */
  knownChips: z.strictObject({ rows: z.int(), error: positive, spread }),
  /** A class of types that a backend was not measured with may be as much slower as the slowest one measured elsewhere. */
  unmeasuredClass: positive.max(1),
  /** Active bytes of the smallest model that was measured. */
  smallestBytes: positive,
  backends: z.array(
    z.strictObject({
      backend: backendId,
      /** Seconds per layer and token. */
      overheadSeconds: z.number().nonnegative(),
      /** Shares of the bandwidth. */
      efficiency: positive.max(1),
      byClass: z.partialRecord(z.enum(typeClasses), positive.max(1)),
      /** Measured over predicted speed of chips that were held out, 10th and 90th percentile. */
      spread,
      rows: z.int(),
      /** Chips that were measured: how many times as fast as the fit each is, in how many measurements, and of which classes. */
      chips: z.array(
        z.strictObject({ name: z.string(), factor: positive, rows: z.int(), classes: z.array(z.enum(typeClasses)) }),
      ),
      sources: z.array(z.string()),
    }),
  ),
  prefill: z.strictObject({
    /** Measured over predicted speed of models that were held out, by other models on the same chip. */
    spread,
    chips: z.array(
      z.strictObject({
        name: z.string(),
        backend: backendId,
        /** Parameters × tokens per second at 512 tokens: least and most of what was measured. */
        low: positive,
        high: positive,
        rows: z.int(),
        sources: z.array(z.string()),
      }),
    ),
  }),
});
export type SpeedConstants = z.infer<typeof speedConstants>;
export type BackendSpeed = SpeedConstants["backends"][number];
