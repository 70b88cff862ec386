import { quote } from "./quote.js";

/** Describes a YAML value, for "found …". */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (typeof value === "string") return `the text ${quote(value)}`;
  if (typeof value === "number") return `the number ${value}`;
  if (typeof value === "boolean") return `\`${value}\``;
  return Array.isArray(value) ? "a list" : "a mapping";
}

/** Describes a zod type to an author of YAML, for "must be …". */
export function describeType(type: string): string {
  switch (type) {
    case "string":
      return "text";
    case "int":
    case "integer":
      return "an integer";
    case "number":
      return "a number";
    case "boolean":
      return "`true` or `false`";
    case "array":
      return "a list";
    case "object":
    case "record":
      return "a mapping (`key: value`)";
    default:
      return type;
  }
}
