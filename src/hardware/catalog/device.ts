import * as z from "zod";
import { patternString, schemaIssue } from "../../util/schema-issue.js";

/**
 * Basis of a figure. `measured`: a measurement that the source publishes; `specification`: the manufacturer's data sheet;
 * `os-rule`: follows from a documented rule of the operating system; `estimate`: derived from similar devices.
 */
export const basis = z.enum(["measured", "specification", "os-rule", "estimate"]);

/** Shown in model cards and terminals, so control characters, including line breaks, are not allowed. */
const line = patternString(/^[^\p{Cc}]{1,300}$/u, "a line of text", "Write one line of at most 300 characters.");

const citing = {
  basis: basis.describe(
    "Basis of the figure: `measured`, the manufacturer's `specification`, an `os-rule`, or an `estimate`.",
  ),
  source: patternString(/^[a-z0-9][a-z0-9-]*$/, "the id of a source", "Use small letters, digits and `-`.").describe(
    "Id of an entry of `sources`.",
  ),
  note: line.exactOptional().describe("Limitations of the figure; for an estimate, its derivation."),
};

/** A number with a verifiable source. */
export const figure = z.strictObject({ value: z.number().positive().describe("The number."), ...citing });
export type Figure = z.infer<typeof figure>;

/** A range with a verifiable source. */
export const figureRange = z
  .strictObject({
    low: z.number().nonnegative().describe("Lower bound."),
    high: z.number().nonnegative().describe("Upper bound."),
    ...citing,
  })
  .superRefine(({ low, high }, context) => {
    if (low > high) context.addIssue(schemaIssue("`low` is above `high`", "Swap the two.", ["low"]));
  });
export type FigureRange = z.infer<typeof figureRange>;

/** Backends of llama.cpp; the catalog's `backends` lists the tensor types that each supports. */
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
  "Use an id from `quantsmith devices`, for example `iphone-15-pro`. Describe a device of your own in a file that the recipe's `catalog` names.",
);

const sustained = z.strictObject({
  retention: figureRange.nullable().describe("Speed under sustained load as a share of the initial speed, 0 to 1."),
  minutes: z.number().positive().nullable().describe("Minutes of load after which `retention` applies."),
  energyPerToken: figureRange.nullable().describe("Joules per generated token, with the model in the note."),
  batteryPer1kTokens: figureRange
    .nullable()
    .describe("Percent of the battery per 1000 generated tokens, with the model in the note."),
});

/** A device of the catalog. Bytes, bytes per second, watts; null if unknown. */
export const device = z.strictObject({
  id: deviceId.describe("Id in commands and recipes."),
  name: line.describe("Display name."),
  class: deviceClass.describe("Class of the device; tables are grouped by it."),
  chip: line.describe("Name of the chip."),
  year: z.int().nullable().describe("Year of release."),
  memory: z
    .strictObject({
      kind: z
        .enum(["unified", "discrete"])
        .describe("`unified`: one memory for CPU and GPU; `discrete`: GPU memory, separate from system memory."),
      cards: z.int().min(1).max(64).describe("Number of equal GPUs; 1 for unified memory."),
      bytes: figure.describe("Size of the unified memory, or of the memory of one GPU."),
    })
    .describe("Memory in which a model runs."),
  budget: figure.describe(
    "Part of that memory (of each GPU, if discrete) that one model may use: weights, KV cache and compute buffers.",
  ),
  bandwidth: figure.nullable().describe("Bandwidth of the unified memory, or of the memory of one GPU."),
  backends: z.array(backendId).min(1).describe("llama.cpp backends that support the device; the first is the default."),
  power: figure.nullable().describe("Power under load in watts, of one GPU if discrete."),
  sustained: sustained.describe("Behavior under sustained load."),
});
export type Device = z.infer<typeof device>;

/** Support of ggml's tensor types in a backend. A type in no list is supported at an unknown speed. */
export const backend = z.strictObject({
  id: backendId.describe("Id in the `backends` of devices."),
  name: line.describe("Display name."),
  fast: z.array(z.string()).describe("Tensor types whose speed is proportional to their size."),
  slow: z.array(z.string()).describe("Tensor types that run much slower than their size suggests."),
  unsupported: z.array(z.string()).describe("Tensor types that the backend does not support."),
  source: citing.source,
});
export type Backend = z.infer<typeof backend>;

/** Kind of a source; it must match the basis of the figures that cite the source. */
export const sourceKind = z.enum(["measurement", "specification", "os-rule", "discussion"]);

export const source = z.strictObject({
  id: citing.source.describe("Id in the `source` of figures."),
  title: line.describe("Author and title."),
  url: z
    .url({ protocol: /^https?$/ })
    .nullable()
    .describe("URL; null if unpublished."),
  kind: sourceKind
    .exactOptional()
    .describe(
      "Kind of source: a `measured` figure requires a `measurement`, a `specification` figure a `specification`.",
    ),
});
export type Source = z.infer<typeof source>;

/** The merged catalog files; ids are unique and all cited sources exist. */
export interface Catalog {
  sources: ReadonlyMap<string, Source>;
  backends: ReadonlyMap<BackendId, Backend>;
  devices: ReadonlyMap<string, Device>;
}
