import type { Json } from "../util/canonical-json.js";
import { findProblems, type GgufProblem } from "./find-problems.js";
import type { GgufScalar, GgufValue } from "./gguf.js";
import { readGguf } from "./read-header.js";
import { bitsPerWeight, typeCounts } from "./summary.js";

/** Output of `quantsmith inspect --json`. */
export interface Inspection {
  metadata: Record<string, Json>;
  tensors: { name: string; shape: readonly number[]; type: string; bytes: number }[];
  bitsPerWeight: number;
  types: Record<string, number>;
  problems: GgufProblem[];
}

/** Arrays with more items than this are shown by their first ones; a vocabulary would drown the rest. */
const shownItems = 8;

/** Describes a GGUF file as JSON. Throws what `readGguf` throws when the file cannot be trusted. */
export async function inspectGguf(path: string): Promise<Inspection> {
  const gguf = await readGguf(path);
  return {
    metadata: Object.fromEntries([...gguf.metadata].map(([key, value]) => [key, valueToJson(value)])),
    tensors: gguf.tensors.map(({ name, shape, type, bytes }) => ({ name, shape, type: type.name, bytes })),
    bitsPerWeight: bitsPerWeight(gguf),
    types: typeCounts(gguf),
    problems: findProblems(gguf),
  };
}

/** A metadata value as JSON; of a long array, its first items. */
export function valueToJson(value: GgufValue): Json {
  if (value.type !== "array") return scalarToJson(value.value);
  if (value.items.length <= shownItems) return value.items.map(scalarToJson);
  const first = value.items.slice(0, shownItems).map(scalarToJson);
  return { type: value.itemType, length: value.items.length, first };
}

/** Integers beyond 2^53 and the floats JSON cannot write become strings. */
function scalarToJson(value: GgufScalar): Json {
  if (typeof value === "bigint") {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : String(value);
  }
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
}
