import * as z from "zod";
import { backendId } from "../catalog/device.js";

/** Header figures of a measured model, as in `devices/speed/measurements.yaml`. */
const measuredModel = z.strictObject({
  parameters: z.number().positive(),
  layers: z.int().positive(),
  /** Bytes of an f16 KV cache per token of depth. */
  kvBytesPerToken: z.number().nonnegative(),
  /** Values of a token embedding that is not also the output matrix: one row is read per token. */
  lookedUp: z.number().nonnegative(),
  /** Bytes read per token of a mixture of experts; default: the file minus the embedding. */
  active: z.number().positive().exactOptional(),
  gib: z.record(z.string(), z.number().positive()),
});

const measurement = z
  .strictObject({
    chip: z.string(),
    backend: backendId,
    model: z.string(),
    type: z.string(),
    /** Tokens per second. */
    decode: z.number().positive().exactOptional(),
    /** Alternative to `decode`: file bytes × tokens per second, as a share of the bandwidth. */
    ofBandwidth: z.number().positive().exactOptional(),
    /** Alternative to `decode`: file bytes × tokens per second, in GB/s. */
    gigabytesPerSecond: z.number().positive().exactOptional(),
    /** Mean number of tokens in the context during generation. */
    depth: z.number().nonnegative(),
    /** Tokens per second of a prompt of 512 tokens. */
    prefill: z.number().positive().exactOptional(),
    cards: z.int().min(1).exactOptional(),
    source: z.string(),
  })
  .refine(
    ({ decode, ofBandwidth, gigabytesPerSecond }) =>
      [decode, ofBandwidth, gigabytesPerSecond].filter((way) => way !== undefined).length === 1,
    "a measurement needs exactly one of `decode`, `ofBandwidth` and `gigabytesPerSecond`",
  );
export type Measurement = z.infer<typeof measurement>;

/** `devices/speed/measurements.yaml`: published speeds, each with its source. */
export const speedData = z
  .strictObject({
    version: z.literal(1),
    /** A null URL is this project's own collection. */
    sources: z.array(z.strictObject({ id: z.string(), title: z.string(), url: z.url().nullable() })),
    models: z.record(z.string(), measuredModel),
    chips: z.record(z.string(), z.strictObject({ name: z.string(), bandwidth: z.number().positive() })),
    measurements: z.array(measurement),
  })
  .superRefine(({ sources, models, chips, measurements }, context) => {
    const known = new Set(sources.map(({ id }) => id));
    measurements.forEach((row, index) => {
      const wrong =
        (!known.has(row.source) && `unknown source ${row.source}`) ||
        (!(row.chip in chips) && `unknown chip ${row.chip}`) ||
        (models[row.model]?.gib[row.type] === undefined && `unknown size of ${row.model} in ${row.type}`);
      if (wrong) context.addIssue({ code: "custom", path: ["measurements", index], message: wrong });
    });
  });
export type SpeedData = z.infer<typeof speedData>;
