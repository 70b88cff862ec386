import type { Gguf } from "./gguf.js";

/** Returns the string at `key`; undefined if absent or of another type. */
export function metadataString(gguf: Pick<Gguf, "metadata">, key: string): string | undefined {
  const entry = gguf.metadata.get(key);
  return entry?.type === "string" && typeof entry.value === "string" ? entry.value : undefined;
}

/** Returns the number at `key`; undefined if absent, of another type or beyond 2^53. */
export function metadataNumber(gguf: Pick<Gguf, "metadata">, key: string): number | undefined {
  const entry = gguf.metadata.get(key);
  if (entry === undefined || entry.type === "array") return undefined;
  if (typeof entry.value === "number") return entry.value;
  if (typeof entry.value !== "bigint") return undefined;
  const value = Number(entry.value);
  return Number.isSafeInteger(value) ? value : undefined;
}
