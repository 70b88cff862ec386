import * as z from "zod";
import { ggmlTypes } from "../../quant/ggml-types.js";
import { rate, size } from "../../util/quantity-schema.js";
import { backend, device, figure, source, sourceKind } from "./device.js";

const bytes = figure.extend({ value: size.describe("Bytes, such as `8 GiB`.") });
const bytesPerSecond = figure.extend({ value: rate.describe("Bytes per second, such as `51.2 GB/s`.") });
const nothingKnown = { retention: null, minutes: null, energyPerToken: null, batteryPer1kTokens: null };
const types = z.array(z.enum(ggmlTypes.map((type) => type.name)));

/** A catalog file, `devices/*.yaml` or the user's: sizes have units, and an omitted figure is unknown. */
export const catalogFile = z
  .strictObject({
    version: z.literal(1).describe("Version of the catalog format."),
    sources: z
      .array(source.extend({ kind: sourceKind.describe(source.shape.kind.description ?? "") }))
      .default([])
      .describe("Sources of figures."),
    backends: z
      .array(
        backend.extend({
          fast: types.describe(backend.shape.fast.description ?? ""),
          slow: types.describe(backend.shape.slow.description ?? ""),
          unsupported: types.describe(backend.shape.unsupported.description ?? ""),
        }),
      )
      .default([])
      .describe("Support of tensor types in llama.cpp's backends."),
    devices: z
      .array(
        device.extend({
          memory: device.shape.memory
            .extend({ bytes: bytes.describe("Size of the unified memory, or of the memory of one GPU.") })
            .describe(device.shape.memory.description ?? ""),
          budget: bytes.describe(device.shape.budget.description ?? ""),
          bandwidth: bytesPerSecond.nullable().describe(device.shape.bandwidth.description ?? ""),
          sustained: device.shape.sustained.default(nothingKnown).describe(device.shape.sustained.description ?? ""),
        }),
      )
      .default([])
      .describe("The devices."),
  })
  .describe("A device catalog of quantsmith, with the source of every figure.");

export type CatalogFile = z.output<typeof catalogFile>;
