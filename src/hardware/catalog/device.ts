import * as z from "zod";
import { patternString, schemaIssue } from "../../util/schema-issue.js";

/**
 * How a figure came to be. `measured`: somebody ran it, and the source tells who; `specification`: the maker's data sheet;
 * `os-rule`: follows from a documented rule of the operating system; `estimate`: reasoned from neighbours.
 */
export const basis = z.enum(["measured", "specification", "os-rule", "estimate"]);
export type Basis = z.infer<typeof basis>;

/** Cards and terminals show it, so it may not break out of its line. */
const line = patternString(/^[^\p{Cc}]{1,300}$/u, "a line of text", "Write one line of at most 300 characters.");

const citing = {
  basis: basis.describe(
    "How it is known: `measured` by somebody, the maker's `specification`, an `os-rule`, or an `estimate`.",
  ),
  source: patternString(/^[a-z0-9][a-z0-9-]*$/, "the id of a source", "Use small letters, digits and `-`.").describe(
    "Id of an entry of `sources`.",
  ),
  note: line.exactOptional().describe("What the figure leaves open; an estimate says here what it is made from."),
};

/** One number that somebody can check. */
export const figure = z.strictObject({ value: z.number().positive().describe("The number."), ...citing });
export type Figure = z.infer<typeof figure>;

/** A number known only between two bounds. */
export const figureRange = z
  .strictObject({
    low: z.number().nonnegative().describe("Lower bound."),
    high: z.number().nonnegative().describe("Upper bound."),
    ...citing,
  })
  .superRefine(({ low, high }, context) => {
    if (low > high) context.addIssue(schemaIssue("`low` is above `high`", "Exchange the two.", ["low"]));
  });
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

export const deviceId = patternString(
  /^[a-z0-9][a-z0-9.-]{0,63}$/,
  "a device id",
  "Write it as `quantsmith devices` lists it, for example `iphone-15-pro`.",
);

const sustained = z.strictObject({
  retention: figureRange.nullable().describe("Share of the first speed that is left under load, 0 to 1."),
  minutes: z.number().positive().nullable().describe("After how many minutes of load `retention` holds."),
  energyPerToken: figureRange
    .nullable()
    .describe("Joules for one generated token, with the model that the note names."),
  batteryPer1kTokens: figureRange
    .nullable()
    .describe("Percent of the battery for 1000 generated tokens, with the model that the note names."),
});

/** A device of the catalog. Bytes, bytes per second, watts; null is "nobody knows", never a guess. */
export const device = z.strictObject({
  id: deviceId.describe("What commands and recipes call it."),
  name: line.describe("What people call it."),
  class: deviceClass.describe("Kind of device, by which tables group it."),
  chip: line.describe("The chip that computes."),
  year: z.int().nullable().describe("Year it came to market."),
  memory: z
    .strictObject({
      kind: z
        .enum(["unified", "discrete"])
        .describe("`unified`: one memory for processor and graphics; `discrete`: a card's, beside the computer's own."),
      cards: z.int().min(1).max(64).describe("Number of equal cards; 1 for unified memory."),
      bytes: figure.describe("Size of the unified memory, or of one card's."),
    })
    .describe("The memory a model runs in."),
  budget: figure.describe(
    "What one model may take of that memory (of each card, when discrete): weights, KV cache and compute buffers.",
  ),
  bandwidth: figure.nullable().describe("Memory bandwidth of the unified memory, or of one card."),
  backends: z
    .array(backendId)
    .min(1)
    .describe("Ways llama.cpp computes on it; the first is the one a user would take."),
  power: figure.nullable().describe("Watts under load, of one card when discrete."),
  sustained: sustained.describe("What is left of it when it computes for long."),
});
export type Device = z.infer<typeof device>;

/** What a backend does with ggml's tensor types. A type in neither list works, and nothing is known of its speed. */
export const backend = z.strictObject({
  id: backendId.describe("What devices call it."),
  name: line.describe("What people call it."),
  fast: z.array(z.string()).describe("Tensor types that run at the speed of their size."),
  slow: z.array(z.string()).describe("Types that run, well below the speed of their size."),
  unsupported: z.array(z.string()).describe("Types that do not run on it."),
  source: citing.source,
});
export type Backend = z.infer<typeof backend>;

/** What a source is, so that no figure claims to be better known than it is. */
export const sourceKind = z.enum(["measurement", "specification", "os-rule", "discussion"]);

export const source = z.strictObject({
  id: citing.source.describe("What figures call it."),
  title: line.describe("Who says it, and where."),
  url: z
    .url({ protocol: /^https?$/ })
    .nullable()
    .describe("Where it can be read."),
  kind: sourceKind
    .exactOptional()
    .describe("What it is: only a `measurement` proves a figure measured, only a `specification` a specified one."),
});
export type Source = z.infer<typeof source>;

/** All catalog files together; ids are unique and every source is there. */
export interface Catalog {
  sources: ReadonlyMap<string, Source>;
  backends: ReadonlyMap<BackendId, Backend>;
  devices: ReadonlyMap<string, Device>;
}
