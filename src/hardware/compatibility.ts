import * as z from "zod";
import { backendId, basis, deviceClass, figure, figureRange, source } from "./catalog/device.js";
import { kvTypes } from "./memory/memory.js";

const bytes = z.int().nonnegative();
const tokens = z.int().positive();

/**
 * `full`: everything on the device's first backend. `partial`: some layers or experts on the CPU.
 * `cpu`: everything on the CPU. `no`: it does not run, or only with swapping.
 */
export const verdicts = ["full", "partial", "cpu", "no"] as const;
export type Verdict = (typeof verdicts)[number];

/** The limit that prevents a better verdict. */
const limit = z.enum(["memory", "type", "os"]);
export type Limit = z.infer<typeof limit>;

/** Lower and upper bound of tokens per second. */
const speedRange = z.strictObject({
  low: z.number().nonnegative(),
  high: z.number().nonnegative(),
  basis,
  source: z.string().describe("Description of the source."),
});
export type SpeedRange = z.infer<typeof speedRange>;

/** Result for one variant on one device at one context. */
const fitResult = z.strictObject({
  variant: z.string(),
  device: z.string(),
  backend: backendId,
  context: tokens.describe("Tokens."),
  kvType: z.enum(kvTypes),
  verdict: z
    .enum(verdicts)
    .describe(
      "`full`: everything on the device's first backend. `partial`: some layers or experts on the CPU. `cpu`: everything on the CPU. `no`: it does not run.",
    ),
  limit: limit.nullable().describe("Limit that prevents a better verdict."),
  reason: z.string().nullable().describe("Reason for the verdict; null for `full` without remarks."),
  layers: z
    .strictObject({
      offloaded: z.int().nonnegative(),
      total: z.int().positive(),
      expertsOnCpu: z.int().nonnegative(),
    })
    .nullable()
    .describe("Number of layers on the device, including the output layer; null for `cpu` and `no`."),
  maximumContext: z
    .record(z.enum(kvTypes), tokens.nullable())
    .describe(
      "Largest context in tokens with the same verdict; for `no`, the largest at which the variant runs; null if there is none.",
    ),
  dirtyBytes: bytes.describe("Memory that is not mapped from the file, so the system cannot reclaim it."),
  residentBytes: bytes.describe("All memory in use, including mapped weights."),
  hostBytes: bytes.describe("System memory needed in addition to the memory of discrete GPUs; 0 for unified memory."),
  decode: speedRange.nullable().describe("Tokens per second of generation."),
  prefill: speedRange.nullable().describe("Tokens per second of prompt processing."),
  sustained: figureRange.nullable().describe("Speed under sustained load as a share of the initial speed, 0 to 1."),
  energyPerToken: figureRange.nullable().describe("Joules per generated token."),
  batteryPer1kTokens: figureRange.nullable().describe("Percent of the battery per 1000 generated tokens."),
  flags: z.string().describe("Flags of llama.cpp for this result."),
});
export type FitResult = z.infer<typeof fitResult>;

const memoryEstimate = z.strictObject({
  context: tokens.describe("Tokens."),
  kvType: z.enum(kvTypes),
  flashAttention: z.boolean(),
  weightsBytes: bytes.describe("All weights, whether mapped or loaded."),
  kvBytes: bytes.describe("KV cache, including the state of recurrent layers."),
  computeBytes: bytes.describe("Compute buffers and the output buffer."),
  untouchedBytes: bytes
    .exactOptional()
    .describe("Part of `computeBytes` that occupies GPU memory but no system memory."),
  overheadBytes: bytes.describe("Other memory of the process."),
  projectorBytes: bytes.describe("Vision or audio projector; 0 without one."),
});

const compatibleVariant = z.strictObject({
  name: z.string(),
  file: z.string(),
  bytes,
  bitsPerWeight: z.number().positive(),
  types: z.record(z.string(), z.int().positive()).describe("Tensors by ggml type."),
  kldMean: z.number().nullable().describe("Mean KL divergence from the 16-bit base in nats; null if not measured."),
  memory: z.array(memoryEstimate).describe("Memory according to llama.cpp's allocator, by configuration."),
});
export type CompatibleVariant = z.infer<typeof compatibleVariant>;

const compatibleDevice = z.strictObject({
  id: z.string(),
  name: z.string(),
  class: deviceClass,
  memory: z.strictObject({ kind: z.enum(["unified", "discrete"]), cards: z.int().min(1), bytes: figure }),
  budget: figure.describe("Memory budget for one model in bytes, of each GPU if discrete."),
  bandwidth: figure.nullable().describe("Bytes per second."),
  backend: backendId.describe("The device's first backend."),
});
export type CompatibleDevice = z.infer<typeof compatibleDevice>;

/** `hardware-compatibility.json`: every variant on every device. The JSON Schema in `schema/` is generated from it. */
export const hardwareCompatibility = z
  .strictObject({
    version: z.literal(1).describe("Version of this format."),
    model: z.string(),
    sources: z.array(source).describe("Sources that the figures cite."),
    variants: z.array(compatibleVariant),
    devices: z.array(compatibleDevice),
    results: z.array(fitResult).describe("Results for every variant on every device at every context."),
    recommended: z
      .array(
        z.strictObject({ device: z.string(), variant: z.string().nullable(), context: tokens, reason: z.string() }),
      )
      .describe("Recommended variant by device, with the reason; null if none fits."),
  })
  .describe("Fit and speed of a release's GGUF variants on devices.");
export type HardwareCompatibility = z.infer<typeof hardwareCompatibility>;
