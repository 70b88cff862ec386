import * as z from "zod";

/**
 * How a figure came to be. `measured`: somebody ran it, and the source tells who; `specification`: the maker's data sheet;
 * `os-rule`: follows from a documented rule of the operating system; `estimate`: reasoned from neighbours.
 */
export const basis = z.enum(["measured", "specification", "os-rule", "estimate"]);
export type Basis = z.infer<typeof basis>;

/** Names an entry of the catalog's `sources`. */
const sourceId = z.string().regex(/^[a-z0-9][a-z0-9-]*$/);

/** One number that somebody can check. */
export const figure = z.strictObject({
  value: z.number().positive(),
  basis,
  source: sourceId,
  note: z.string().exactOptional(),
});
export type Figure = z.infer<typeof figure>;

/** A number known only between two bounds. */
export const figureRange = z
  .strictObject({
    low: z.number().nonnegative(),
    high: z.number().nonnegative(),
    basis,
    source: sourceId,
    note: z.string().exactOptional(),
  })
  .refine(({ low, high }) => low <= high, "low is above high");
export type FigureRange = z.infer<typeof figureRange>;

/** Ways llama.cpp computes on a device; what each is good at is in the catalog's `backends`. */
export const backendId = z.enum([
  "cuda",
  "metal",
  "vulkan",
  "rocm",
  "sycl",
  "opencl-adreno",
  "hexagon",
  "cpu-arm",
  "cpu-x86",
]);
export type BackendId = z.infer<typeof backendId>;

export const deviceClass = z.enum(["phone", "mac", "gpu", "multi-gpu", "datacenter", "cpu"]);
export type DeviceClass = z.infer<typeof deviceClass>;

/** A device of the catalog. Bytes, bytes per second, watts; null is "nobody knows", never a guess. */
export const device = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9.-]{0,63}$/),
  name: z.string(),
  class: deviceClass,
  chip: z.string(),
  /** Year it came to market. */
  year: z.int().nullable(),
  /** `unified`: one memory for processor and graphics. `discrete`: memory of one card, beside the computer's own. */
  memory: z.strictObject({ kind: z.enum(["unified", "discrete"]), cards: z.int().min(1), bytes: figure }),
  /** What one model may take of that memory (of each card, when discrete): weights, KV cache and compute buffers. */
  budget: figure,
  /** Memory bandwidth of the unified memory, or of one card. */
  bandwidth: figure.nullable(),
  /** The first is the one a user would take. */
  backends: z.array(backendId).min(1),
  power: figure.nullable(),
  sustained: z.strictObject({
    /** Share of the first speed that is left under load, 0 to 1, and after how many minutes. */
    retention: figureRange.nullable(),
    minutes: z.number().positive().nullable(),
    /** Joules per generated token, for the model that the note names. */
    energyPerToken: figureRange.nullable(),
    /** Percent of the battery per 1000 generated tokens, for the model that the note names. */
    batteryPer1kTokens: figureRange.nullable(),
  }),
});
export type Device = z.infer<typeof device>;

/** What a backend does with ggml's tensor types. A type in neither list works, and nothing is known of its speed. */
export const backend = z.strictObject({
  id: backendId,
  name: z.string(),
  fast: z.array(z.string()),
  /** Types that run, well below the speed of their size. */
  slow: z.array(z.string()),
  unsupported: z.array(z.string()),
  source: sourceId,
});
export type Backend = z.infer<typeof backend>;

export const source = z.strictObject({ id: sourceId, title: z.string(), url: z.url().nullable() });
export type Source = z.infer<typeof source>;

/** A catalog file: `devices/*.yaml`, or the user's own. */
export const catalogFile = z.strictObject({
  version: z.literal(1),
  sources: z.array(source).default([]),
  backends: z.array(backend).default([]),
  devices: z.array(device).default([]),
});

/** All catalog files together; ids are unique and every source is there. */
export interface Catalog {
  sources: ReadonlyMap<string, Source>;
  backends: ReadonlyMap<BackendId, Backend>;
  devices: ReadonlyMap<string, Device>;
}
