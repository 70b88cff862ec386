import type { Backend, Catalog, Device, Figure } from "../hardware/catalog/device.js";
import { knownType } from "../quant/ggml-types.js";
import type { DynamicVariant, RecipeBudget, Settings } from "../recipe/settings.js";
import type { DeviceBudget } from "../stages/allocate/budget.js";
import { defaultTypes } from "../stages/allocate/candidates.js";
import { QuantsmithError } from "../util/errors.js";
import { quoteList } from "../util/quote.js";

type ByDevice = Extract<RecipeBudget, { kind: "device" }>;

/**
 * Returns a budget by device for the allocate stage, with the candidate types: those that the device's first backend
 * computes at full speed, since on a phone a smaller file of other types is slower.
 * Errors: QS-ALLOCATE-TYPES when none of the recipe's `types` is among them.
 */
export function deviceBudget(
  { path, dynamic }: DynamicVariant,
  { device, context, reserveBytes }: ByDevice,
  { catalog, locate }: Settings,
): { budget: DeviceBudget; types: readonly string[] } {
  const backend = firstBackend(device, catalog);
  const types = fastTypes(backend, dynamic.types);
  if (types.length === 0) {
    const message = `${backend.name} on ${device.name} does not compute ${quoteList(dynamic.types ?? defaultTypes, "or")} at full speed`;
    throw new QuantsmithError("QS-ALLOCATE-TYPES", message, {
      remedy: `Set \`types\` to one or more of ${fastTypes(backend, undefined).join(", ")}.`,
      at: locate([...path, "dynamic", dynamic.types === undefined ? "device" : "types"]),
    });
  }
  return { budget: { kind: "device", device: deviceTraits(device), backend, context, reserveBytes }, types };
}

function firstBackend({ backends: [first] }: Device, catalog: Catalog): Backend {
  const backend = first === undefined ? undefined : catalog.backends.get(first);
  if (backend === undefined) throw new Error(`the catalog does not contain the backend ${first}`);
  return backend;
}

/**
 * Returns those of the recipe's types, or of the default types, that the backend computes fast. The default includes
 * types with small blocks, for rows whose length is not a multiple of 256.
 */
function fastTypes({ fast }: Backend, requested: readonly string[] | undefined): string[] {
  const usual = [...defaultTypes, ...fast.filter((type) => knownType(type).blockSize === smallBlock)];
  return [...new Set(requested ?? usual)].filter((type) => fast.includes(type));
}

/** Values per block of the types that support rows of nearly any length. */
const smallBlock = 32;

/** Returns only the traits that decide whether a model fits: a new note or bandwidth must not rebuild the variant. */
function deviceTraits({ id, class: kind, memory, budget, backends }: Device): DeviceBudget["device"] {
  const plain = ({ value, basis, source }: Figure) => ({ value, basis, source });
  return {
    id,
    class: kind,
    memory: { ...memory, bytes: plain(memory.bytes) },
    budget: plain(budget),
    backends: backends.slice(0, 1),
  };
}
