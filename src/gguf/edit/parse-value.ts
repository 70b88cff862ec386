import { QuantsmithError } from "../../util/errors.js";
import { quote } from "../../util/quote.js";
import type { GgufScalar, GgufScalarType, GgufValue } from "../gguf.js";
import { fixedTypeByName } from "../value-types.js";

/** A value type as users write it: `uint32`, or `string[]` for an array. */
export type ValueTypeName = GgufScalarType | `${GgufScalarType}[]`;

const integers: Readonly<Record<string, readonly [bigint, bigint]>> = Object.fromEntries(
  [8, 16, 32, 64].flatMap((bits) => [
    [`uint${bits}`, [0n, 2n ** BigInt(bits) - 1n]],
    [`int${bits}`, [-(2n ** BigInt(bits - 1)), 2n ** BigInt(bits - 1) - 1n]],
  ]),
);

/** The type name of a value, as accepted by `parseValue`. */
export function typeNameOf(value: GgufValue): ValueTypeName {
  return value.type === "array" ? `${value.itemType}[]` : value.type;
}

/** True for the name of a GGUF value type. */
export function isValueType(name: string): name is ValueTypeName {
  const item = name.endsWith("[]") ? name.slice(0, -2) : name;
  return item === "string" || fixedTypeByName(item as GgufScalarType) !== undefined;
}

/** Parses a value of the given type: strings verbatim, arrays as JSON. Errors: QS-EDIT-VALUE. */
export function parseValue(key: string, text: string, type: ValueTypeName): GgufValue {
  if (!type.endsWith("[]")) {
    const scalarType = type as GgufScalarType;
    return { type: scalarType, value: scalar(key, text, scalarType) };
  }
  const itemType = type.slice(0, -2) as GgufScalarType;
  const items = arrayItems(key, text);
  return { type: "array", itemType, items: items.map((item) => scalar(key, item, itemType)) };
}

function arrayItems(key: string, text: string): string[] {
  let items: unknown;
  try {
    items = JSON.parse(text);
  } catch {
    // Reported below.
  }
  if (!Array.isArray(items) || items.some((item) => typeof item === "object")) {
    throw new QuantsmithError("QS-EDIT-VALUE", `${quote(key)} must be a JSON array, found ${quote(text)}`, {
      remedy: 'Write the items as JSON, such as `["en", "de"]`.',
    });
  }
  return items.map(String);
}

function scalar(key: string, text: string, type: GgufScalarType): GgufScalar {
  if (type === "string") return text;
  if (type === "bool") {
    if (text === "true" || text === "false") return text === "true";
    throw wrongValue(key, text, type, "Write true or false.");
  }
  const range = integers[type];
  if (range === undefined) {
    const value = Number(text);
    if (text.trim() !== "" && Number.isFinite(value) && (type === "float64" || Number.isFinite(Math.fround(value))))
      return value;
    throw wrongValue(key, text, type, "Write a decimal number.");
  }
  const [least, most] = range;
  const value = /^-?\d{1,20}$/.test(text) ? BigInt(text) : undefined;
  if (value === undefined || value < least || value > most) {
    throw wrongValue(key, text, type, `Write a whole number from ${least} to ${most}.`);
  }
  return type.endsWith("64") ? value : Number(value);
}

function wrongValue(key: string, text: string, type: GgufScalarType, remedy: string): QuantsmithError {
  return new QuantsmithError("QS-EDIT-VALUE", `${quote(key)} must be of type ${type}, found ${quote(text)}`, {
    remedy,
  });
}
