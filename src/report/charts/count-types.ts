import type { GgmlType } from "../../quant/ggml-types.js";

/** Counts tensors by type, ascending by bits per weight. */
export function countTypes(tensors: readonly { type: GgmlType }[]): { type: GgmlType; count: number }[] {
  const counts = new Map<GgmlType, number>();
  for (const { type } of tensors) counts.set(type, (counts.get(type) ?? 0) + 1);
  return [...counts]
    .map(([type, count]) => ({ type, count }))
    .sort((a, b) => a.type.bitsPerWeight - b.type.bitsPerWeight || a.type.id - b.type.id);
}

/** Formats the bits per weight of a type with at most two decimals. */
export function formatBits({ bitsPerWeight }: GgmlType): string {
  return String(Number(bitsPerWeight.toFixed(2)));
}
