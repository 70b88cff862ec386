import type { TensorErrors } from "../../quant/error-table.js";

/** Tensors that one probe damages together. */
export interface ProbeUnit {
  /** The tensor's name, or `role@band` such as `ffn_down@2`. */
  id: string;
  role: string;
  tensors: readonly TensorErrors[];
}

export type ProbeEffort = "groups" | "tensors";

/** The layers behind the first are shared out among at most this many bands, of at least this many layers each. */
const maxBands = 3;
const minLayers = 4;

/**
 * Shares the tensors out among probes: each alone, or those of one role in neighbouring layers together. The first
 * layer is a band of its own: nothing before it has been damaged, and what it loses every other layer inherits; after
 * it sensitivity changes smoothly with depth. What stands outside the layers, such as the embedding and the output,
 * is always alone.
 */
export function probeUnits(tensors: readonly TensorErrors[], effort: ProbeEffort): ProbeUnit[] {
  const layers = 1 + Math.max(-1, ...tensors.map(({ layer }) => layer ?? -1));
  const units = new Map<string, TensorErrors[]>();
  for (const tensor of tensors) {
    const { layer, name, role } = tensor;
    const id = effort === "tensors" || layer === null ? name : `${role}@${bandOf(layer, layers)}`;
    units.set(id, [...(units.get(id) ?? []), tensor]);
  }
  return [...units].map(([id, members]) => ({ id, role: members[0]?.role ?? "", tensors: members }));
}

function bandOf(layer: number, layers: number): number {
  if (layer === 0) return 0;
  const others = layers - 1;
  const bands = Math.min(maxBands, Math.max(1, Math.floor(others / minLayers)));
  return 1 + Math.floor(((layer - 1) * bands) / others);
}
