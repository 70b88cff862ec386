import type { Backend, Catalog, Device, Figure } from "../hardware/catalog/device.js";
import { knownType } from "../quant/ggml-types.js";
import type { DynamicVariant, RecipeBudget, Settings } from "../recipe/settings.js";
import type { DeviceBudget } from "../stages/allocate/budget.js";
import { defaultTypes } from "../stages/allocate/candidates.js";
import { QuantsmithError } from "../util/errors.js";
import { quoteList } from "../util/quote.js";

type ByDevice = Extract<RecipeBudget, { kind: "device" }>;

/**
 * A budget by device as the allocate stage takes it, and the types it may choose: those that the device's first backend
 * computes at the speed of their size, since on a phone a smaller file of other types is the slower one.
 * Throws QS-ALLOCATE-TYPES when the recipe's `types` and those have none in common.
 */
export function deviceBudget(
  { path, dynamic }: DynamicVariant,
  { device, context, reserveBytes }: ByDevice,
  { catalog, locate }: Settings,
): { budget: DeviceBudget; types: readonly string[] } {
  const backend = firstBackend(device, catalog);
  const types = fastTypes(backend, dynamic.types);
  if (types.length === 0) {
    const message = `${backend.name} on ${device.name} computes none of ${quoteList(dynamic.types ?? defaultTypes, "and")} at full speed`;
    throw new QuantsmithError("QS-ALLOCATE-TYPES", message, {
      remedy: `Name some that it does: ${fastTypes(backend, undefined).join(", ")}.`,
      at: locate([...path, "dynamic", dynamic.types === undefined ? "device" : "types"]),
    });
  }
  return { budget: { kind: "device", device: deviceTraits(device), backend, context, reserveBytes }, types };
}

function firstBackend({ backends: [first] }: Device, catalog: Catalog): Backend {
  const backend = first === undefined ? undefined : catalog.backends.get(first);
  if (backend === undefined) throw new Error(`the catalog says nothing about the backend ${first}`);
  return backend;
}

/**
 * Of the recipe's types, or else of the usual ones, those that the backend is fast at. Rows that are no multiple of 256
 * values need types with smaller blocks, so the usual ones come with those.
 */
function fastTypes({ fast }: Backend, wanted: readonly string[] | undefined): string[] {
  const usual = [...defaultTypes, ...fast.filter((type) => knownType(type).blockSize === smallBlock)];
  return [...new Set(wanted ?? usual)].filter((type) => fast.includes(type));
}

/** Values per block of the types that fit rows of nearly any length. */
const smallBlock = 32;

/** What decides whether a model fits; a note or a new bandwidth must not have the variant made again. */
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
