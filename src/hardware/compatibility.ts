import * as z from "zod";
import { backendId, basis, deviceClass, figure, figureRange, source } from "./catalog/device.js";
import { kvTypes } from "./memory/memory.js";

const bytes = z.int().nonnegative();
const tokens = z.int().positive();

/**
 * `full`: everything on the device's first backend. `partial`: some layers, or the experts, stay with the processor.
 * `cpu`: it runs on the processor alone. `no`: it does not run, or only by swapping.
 */
export const verdicts = ["full", "partial", "cpu", "no"] as const;
export type Verdict = (typeof verdicts)[number];

/** What keeps a variant from the better verdict. */
const limit = z.enum(["memory", "type", "os"]);
export type Limit = z.infer<typeof limit>;

/** Tokens per second as bounds; never one number. */
const speedRange = z.strictObject({
  low: z.number().nonnegative(),
  high: z.number().nonnegative(),
  basis,
  source: z.string().describe("Where the figure comes from, in words."),
});
export type SpeedRange = z.infer<typeof speedRange>;

/** One variant on one device at one context. */
const fitResult = z.strictObject({
  variant: z.string(),
  device: z.string(),
  backend: backendId,
  context: tokens.describe("Tokens."),
  kvType: z.enum(kvTypes),
  verdict: z
    .enum(verdicts)
    .describe(
      "`full`: everything on the device's first backend. `partial`: some layers, or the experts, stay with the processor. `cpu`: on the processor alone. `no`: it does not run.",
    ),
  limit: limit.nullable().describe("What keeps it from the better verdict."),
  reason: z.string().nullable().describe("Why it is not better than it is; null for `full` without remarks."),
  layers: z
    .strictObject({
      offloaded: z.int().nonnegative(),
      total: z.int().positive(),
      expertsOnCpu: z.int().nonnegative(),
    })
    .nullable()
    .describe("Blocks (with the output as one more) on the device; null for `cpu` and `no`."),
  maximumContext: z
    .record(z.enum(kvTypes), tokens.nullable())
    .describe(
      "Largest context, in tokens, that keeps the verdict, or for `no`, at which it runs at all; null when none does.",
    ),
  dirtyBytes: bytes.describe("Memory the system cannot take back: what is not mapped from the file."),
  residentBytes: bytes.describe("All memory in use, mapped weights included."),
  hostBytes: bytes.describe("For discrete cards: what the computer beside them needs."),
  decode: speedRange.nullable().describe("Tokens per second when generating."),
  prefill: speedRange.nullable().describe("Tokens per second when reading the prompt."),
  sustained: figureRange.nullable().describe("Share of the first speed left under load."),
  energyPerToken: figureRange.nullable().describe("Joules."),
  batteryPer1kTokens: figureRange.nullable().describe("Percent of the battery."),
  flags: z.string().describe("llama.cpp's flags for this result."),
});
export type FitResult = z.infer<typeof fitResult>;

const memoryEstimate = z.strictObject({
  context: tokens.describe("Tokens."),
  kvType: z.enum(kvTypes),
  flashAttention: z.boolean(),
  weightsBytes: bytes.describe("All weights, whether mapped or loaded."),
  kvBytes: bytes.describe("KV cache, with what recurrent layers keep instead."),
  computeBytes: bytes.describe("Compute buffers and the output buffer."),
  untouchedBytes: bytes
    .exactOptional()
    .describe("The part of `computeBytes` that takes room on a card and none in a computer's own memory."),
  overheadBytes: bytes.describe("What the process takes beside those."),
  projectorBytes: bytes.describe("The vision or audio projector; 0 without one."),
});

const compatibleVariant = z.strictObject({
  name: z.string(),
  file: z.string(),
  bytes,
  bitsPerWeight: z.number().positive(),
  types: z.record(z.string(), z.int().positive()).describe("Tensors by ggml type."),
  kldMean: z
    .number()
    .nullable()
    .describe("Mean KL divergence from the 16-bit base in nats; null when it was not measured."),
  memory: z.array(memoryEstimate).describe("What llama.cpp's own allocator says, by configuration."),
});
export type CompatibleVariant = z.infer<typeof compatibleVariant>;

const compatibleDevice = z.strictObject({
  id: z.string(),
  name: z.string(),
  class: deviceClass,
  memory: z.strictObject({ kind: z.enum(["unified", "discrete"]), cards: z.int().min(1), bytes: figure }),
  budget: figure.describe("Bytes that one model may take of the memory; of each card, when discrete."),
  bandwidth: figure.nullable().describe("Bytes per second."),
  backend: backendId.describe("The one that the verdicts count on first."),
});
export type CompatibleDevice = z.infer<typeof compatibleDevice>;

/** `hardware-compatibility.json`: every variant on every device. The JSON Schema in `schema/` is made from this. */
export const hardwareCompatibility = z
  .strictObject({
    version: z.literal(1).describe("Version of this format."),
    model: z.string(),
    sources: z.array(source).describe("What the figures' `source` names."),
    variants: z.array(compatibleVariant),
    devices: z.array(compatibleDevice),
    results: z.array(fitResult).describe("Every variant on every device at every context."),
    recommended: z
      .array(
        z.strictObject({ device: z.string(), variant: z.string().nullable(), context: tokens, reason: z.string() }),
      )
      .describe("The variant to take, by device; null with the reason when none fits."),
  })
  .describe("Which GGUF variants of a release fit which device, and how fast they are there.");
export type HardwareCompatibility = z.infer<typeof hardwareCompatibility>;
