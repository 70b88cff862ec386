import type { Catalog } from "../hardware/catalog/device.js";
import { findDevice } from "../hardware/catalog/find-device.js";
import { ggmlTypeByName } from "../quant/ggml-types.js";
import type { Rounding } from "../stages/quantize/quantize.js";
import type { Recipe } from "./schema.js";
import type { RecipeBudget, Variant } from "./settings-types.js";

type Entry = Recipe["variants"][number];
type Dynamic = NonNullable<Exclude<Entry, string>["dynamic"]>;

const defaultDeviceContext = 4096;

/**
 * Normalizes the recipe's variants; `rounding` is the default. Requires entries that the schema accepts and devices that
 * the catalog contains.
 */
export function resolveVariants(entries: readonly Entry[], catalog: Catalog, rounding: Rounding): Variant[] {
  return entries.map((entry, index) => {
    const path = ["variants", index];
    const given: Exclude<Entry, string> = typeof entry === "string" ? { name: entry, preset: entry } : entry;
    const { name, preset, tensors = {}, dynamic, allowRequantize = false } = given;
    // A type without quantization has nothing to round.
    const own = isQuantized(preset) ? (given.rounding ?? rounding) : "nearest";
    const both = { path, tensors, rounding: own, allowRequantize };
    if (preset !== undefined) return { kind: "preset", name: name ?? preset, preset, ...both };
    if (dynamic === undefined || name === undefined) throw new Error("the schema accepted an incomplete variant");
    const types = dynamic.types === undefined ? {} : { types: dynamic.types };
    return { kind: "dynamic", name, ...both, dynamic: { budget: budgetOf(dynamic, catalog), ...types } };
  });
}

const isQuantized = (preset: string | undefined) => preset === undefined || ggmlTypeByName(preset)?.quantized !== false;

function budgetOf(dynamic: Dynamic, catalog: Catalog): RecipeBudget {
  const { sizeOf, bitsPerWeight, bytes, device, context = defaultDeviceContext, reserve = 0 } = dynamic;
  if (sizeOf !== undefined) return { kind: "sizeOf", preset: sizeOf };
  if (bitsPerWeight !== undefined) return { kind: "bitsPerWeight", bitsPerWeight };
  if (bytes !== undefined) return { kind: "bytes", bytes };
  if (device !== undefined)
    return { kind: "device", device: findDevice(catalog, device), context, reserveBytes: reserve };
  throw new Error("the schema accepted a dynamic variant without a budget");
}
