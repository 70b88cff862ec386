import type { TensorErrors } from "../../quant/error-table.js";

/** Tensors that one probe damages together. */
export interface ProbeUnit {
  /** The tensor's name, or `role@band` such as `ffn_down@2`. */
  id: string;
  role: string;
  tensors: readonly TensorErrors[];
}

export type ProbeEffort = "groups" | "tensors";

/** Depth bands of a role: sensitivity changes smoothly with depth, most at the first and last layers. */
const bands = 4;

/**
 * Shares the tensors out among probes: each alone, or those of one role in one quarter of the depth together. What
 * stands outside the layers, such as the embedding and the output, is always alone.
 */
export function probeUnits(tensors: readonly TensorErrors[], effort: ProbeEffort): ProbeUnit[] {
  const layers = 1 + Math.max(-1, ...tensors.map(({ layer }) => layer ?? -1));
  const units = new Map<string, TensorErrors[]>();
  for (const tensor of tensors) {
    const id = effort === "tensors" || tensor.layer === null ? tensor.name : bandOf(tensor.role, tensor.layer, layers);
    units.set(id, [...(units.get(id) ?? []), tensor]);
  }
  return [...units].map(([id, members]) => ({ id, role: members[0]?.role ?? "", tensors: members }));
}

function bandOf(role: string, layer: number, layers: number): string {
  return `${role}@${Math.floor((layer * bands) / layers)}`;
}
