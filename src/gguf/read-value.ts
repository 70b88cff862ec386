import { quote } from "../util/quote.js";
import { invalidGguf } from "./errors.js";
import type { GgufScalar, GgufValue } from "./gguf.js";
import type { HeaderReader } from "./header-reader.js";
import { readString } from "./read-string.js";
import { arrayTypeId, fixedTypes, scalarTypeName, stringTypeId } from "./value-types.js";

/** Array items buffered at once. */
const batchItems = 8192;

/**
 * Reads the type and the value of `key`. `itemBudget` is the number of array items that the rest of the header may
 * contain. Throws QS-GGUF-INVALID and QS-GGUF-TRUNCATED.
 */
export async function readValue(reader: HeaderReader, key: string, itemBudget: number): Promise<GgufValue> {
  const at = reader.position;
  await reader.need(4);
  const type = reader.u32();
  if (type !== arrayTypeId) {
    const [value] = await readItems(reader, key, type, 1, at);
    return { type: scalarTypeName(type), value: value as GgufScalar };
  }
  await reader.need(12);
  const itemType = reader.u32();
  const length = reader.u64();
  if (itemType === arrayTypeId) {
    throw invalidGguf(reader.path, "array-nesting", at + 4, `${quote(key)} is an array of arrays`);
  }
  if (length > itemBudget) {
    const what = `${quote(key)} has ${length} items; all arrays together may have ${reader.limits.arrayItems}`;
    throw invalidGguf(reader.path, "array-length", at + 8, what);
  }
  const items = await readItems(reader, key, itemType, length, at + 4);
  return { type: "array", itemType: scalarTypeName(itemType), items };
}

async function readItems(
  reader: HeaderReader,
  key: string,
  type: number,
  count: number,
  typeAt: number,
): Promise<GgufScalar[]> {
  const items: GgufScalar[] = [];
  if (type === stringTypeId) {
    const what = `the value of ${quote(key)}`;
    while (items.length < count) {
      items.push(await readString(reader, reader.limits.stringBytes, "string-length", what));
    }
    return items;
  }
  const fixed = fixedTypes.get(type);
  if (fixed === undefined) {
    throw invalidGguf(reader.path, "value-type", typeAt, `${quote(key)} has the unknown value type ${type}`);
  }
  while (items.length < count) {
    const batch = Math.min(count - items.length, batchItems);
    await reader.need(batch * fixed.bytes);
    const start = reader.position;
    const buffer = reader.take(batch * fixed.bytes);
    for (let i = 0; i < batch; i++) {
      const item = fixed.read(buffer, i * fixed.bytes);
      items.push(fixed.name === "bool" ? toBool(reader, key, item, start + i) : item);
    }
  }
  return items;
}

/** Rejects bytes other than 0 and 1, which C++ programs may interpret differently. */
function toBool(reader: HeaderReader, key: string, byte: GgufScalar, at: number): boolean {
  if (byte === 0 || byte === 1) return byte === 1;
  throw invalidGguf(reader.path, "bool", at, `${quote(key)} has the invalid boolean value ${byte}`);
}
