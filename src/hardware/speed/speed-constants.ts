import * as z from "zod";
import { backendId } from "../catalog/device.js";
import { typeClasses } from "./type-class.js";

const positive = z.number().positive();
const spread = z.strictObject({ low: positive, high: positive });

/** `devices/speed/constants.json`, written by `npm run derive-speed`. */
export const speedConstants = z.strictObject({
  version: z.literal(1),
  /** Mean |predicted − measured| / measured of held-out chips, and that of a constant efficiency of 0.55. */
  heldOut: z.strictObject({ rows: z.int(), chips: z.int(), error: positive, usualError: positive }),
  /** Mean error and measured over predicted speed of held-out measurements of chips with other measurements. */
  knownChips: z.strictObject({ rows: z.int(), error: positive, spread }),
  /** Factor for a type class without measurements on a backend: that of the slowest class of any backend. */
  unmeasuredClass: positive.max(1),
  /** Active bytes of the smallest measured model. */
  smallestBytes: positive,
  backends: z.array(
    z.strictObject({
      backend: backendId,
      /** Seconds per layer and token. */
      overheadSeconds: z.number().nonnegative(),
      /** Share of the bandwidth; also by class. */
      efficiency: positive.max(1),
      byClass: z.partialRecord(z.enum(typeClasses), positive.max(1)),
      /** Measured over predicted speed of held-out chips, 10th and 90th percentile. */
      spread,
      rows: z.int(),
      /** Measured chips: factor over the fitted speed, number of measurements, and their classes. */
      chips: z.array(
        z.strictObject({ name: z.string(), factor: positive, rows: z.int(), classes: z.array(z.enum(typeClasses)) }),
      ),
      sources: z.array(z.string()),
    }),
  ),
  prefill: z.strictObject({
    /** Measured over predicted speed of held-out models, predicted from other models on the same chip. */
    spread,
    chips: z.array(
      z.strictObject({
        name: z.string(),
        backend: backendId,
        /** Parameters × tokens per second at 512 tokens: measured minimum and maximum. */
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
