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

/** Longer arrays, such as vocabularies, are reduced to this many items. */
const shownItems = 8;

/** Describes a GGUF file as JSON. Throws the errors of `readGguf`. */
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

/** A metadata value as JSON; long arrays are reduced to their first items. */
export function valueToJson(value: GgufValue): Json {
  if (value.type !== "array") return scalarToJson(value.value);
  if (value.items.length <= shownItems) return value.items.map(scalarToJson);
  const first = value.items.slice(0, shownItems).map(scalarToJson);
  return { type: value.itemType, length: value.items.length, first };
}

/** Integers beyond 2^53 and non-finite floats become strings. */
function scalarToJson(value: GgufScalar): Json {
  if (typeof value === "bigint") {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : String(value);
  }
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
}
