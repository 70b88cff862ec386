import type { SchemaNode } from "./schema-node.js";

/** Longest list of values that is printed completely. */
const mostValues = 12;

/** The type of a key as the page shows it: `text`, `` `auto` or `none` ``, "integer from 1 to 100", "list of …". */
export function typeName(node: SchemaNode): string {
  if (node.title !== undefined) return node.title;
  if (node.const !== undefined) return value(node.const);
  if (node.enum !== undefined) return values(node.enum);
  if (node.type === undefined && node.anyOf !== undefined) return alternatives(node.anyOf.map(typeName));
  if (node.type === "array") return `list of ${typeName(node.items ?? {})}`;
  if (node.type === "object") return typeof node.additionalProperties === "object" ? "mapping, any keys" : "mapping";
  if (node.type === "integer" || node.type === "number") return `${node.type}${range(node)}`;
  return node.type === "boolean" ? "`true` or `false`" : "text";
}

function range({ minimum, maximum }: SchemaNode): string {
  const most = maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum;
  if (minimum !== undefined && most !== undefined) return ` from ${minimum} to ${most}`;
  return minimum === undefined ? "" : ` from ${minimum}`;
}

function values(all: readonly unknown[]): string {
  if (all.length <= mostValues) return alternatives(all.map(value));
  return `${all.slice(0, 2).map(value).join(", ")} and ${all.length - 2} more`;
}

const alternatives = (names: readonly string[]) => [...new Set(names)].join(" or ");
const value = (data: unknown) => `\`${String(data)}\``;
