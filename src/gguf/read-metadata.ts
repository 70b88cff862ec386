import { quote } from "../util/quote.js";
import { invalidGguf } from "./errors.js";
import type { GgufValue } from "./gguf.js";
import type { HeaderReader } from "./header-reader.js";
import { readName } from "./read-string.js";
import { readValue } from "./read-value.js";

/** Reads `count` key-value pairs in file order. Throws QS-GGUF-INVALID and QS-GGUF-TRUNCATED. */
export async function readMetadata(reader: HeaderReader, count: number): Promise<Map<string, GgufValue>> {
  const metadata = new Map<string, GgufValue>();
  let itemBudget = reader.limits.arrayItems;
  for (let i = 0; i < count; i++) {
    const at = reader.position;
    const key = await readName(reader, reader.limits.keyBytes, "key", `key ${i}`);
    if (metadata.has(key)) {
      throw invalidGguf(reader.path, "duplicate-key", at, `the key ${quote(key)} occurs twice`);
    }
    const value = await readValue(reader, key, itemBudget);
    if (value.type === "array") itemBudget -= value.items.length;
    metadata.set(key, value);
  }
  checkArchitecture(reader, metadata);
  return metadata;
}

/** Files of llama-imatrix and llama-moments. */
const typesWithoutArchitecture = new Set(["imatrix", "moments"]);

/** Requires `general.architecture`, except in those files and in all splits of a model but the first. */
function checkArchitecture(reader: HeaderReader, metadata: ReadonlyMap<string, GgufValue>): void {
  const architecture = metadata.get("general.architecture");
  if (architecture?.type === "string") return;
  const kind = metadata.get("general.type");
  if (architecture === undefined && kind?.type === "string" && typesWithoutArchitecture.has(`${kind.value}`)) return;
  const part = metadata.get("split.no");
  if (architecture === undefined && part?.type === "uint16" && Number(part.value) > 0) return;
  const what =
    architecture === undefined
      ? "it has no general.architecture"
      : `general.architecture is of type ${architecture.type}, not string`;
  throw invalidGguf(reader.path, "architecture", reader.position, what);
}

/** Returns `general.alignment` in bytes, default 32. Throws QS-GGUF-INVALID unless it is a power of two within the cap. */
export function readAlignment(reader: HeaderReader, metadata: ReadonlyMap<string, GgufValue>): number {
  const entry = metadata.get("general.alignment");
  if (entry === undefined) return 32;
  const alignment = entry.type === "uint32" ? Number(entry.value) : Number.NaN;
  // A power of two has exactly one bit set, which subtracting 1 clears.
  if (alignment > 0 && alignment <= reader.limits.alignment && (alignment & (alignment - 1)) === 0) return alignment;
  const shown = entry.type === "uint32" ? entry.value : `of type ${entry.type}`;
  const what = `general.alignment is ${shown}; it must be a power of two up to ${reader.limits.alignment}, as uint32`;
  throw invalidGguf(reader.path, "alignment", reader.position, what);
}
