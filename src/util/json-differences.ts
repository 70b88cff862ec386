import { canonicalJson, type Json, type JsonObject } from "./canonical-json.js";

export interface JsonDifference {
  /** For example `model.commit`; empty for the whole value. Arrays are compared as a whole. */
  path: string;
  before: Json | undefined;
  after: Json | undefined;
}

/** Returns the members in which two JSON values differ, sorted by path. */
export function jsonDifferences(before: Json | undefined, after: Json | undefined, path = ""): JsonDifference[] {
  if (canonicalJson(before ?? null) === canonicalJson(after ?? null)) return [];
  if (!isJsonObject(before) || !isJsonObject(after)) return [{ path, before, after }];
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return keys.flatMap((key) => jsonDifferences(before[key], after[key], path === "" ? key : `${path}.${key}`));
}

export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
