import type { TensorErrors } from "../../quant/error-table.js";

/** Tensors that one probe damages together. */
export interface ProbeUnit {
  /** The tensor's name, or `role@band` such as `ffn_down@2`. */
  id: string;
  role: string;
  tensors: readonly TensorErrors[];
}

export type ProbeEffort = "groups" | "tensors";

/** The layers after the first form at most `maxBands` bands of at least `minLayers` layers each. */
const maxBands = 3;
const minLayers = 4;

/**
 * Groups the tensors into probes: one tensor each, or one role in neighbouring layers. The first layer is its own band,
 * since its damage propagates through all others; after it sensitivity changes smoothly with depth. Tensors outside
 * the layers, such as the embedding and the output, are always single. Leaves out tensors that keep a quantized type.
 */
export function probeUnits(tensors: readonly TensorErrors[], effort: ProbeEffort): ProbeUnit[] {
  const layers = 1 + Math.max(-1, ...tensors.map(({ layer }) => layer ?? -1));
  const units = new Map<string, TensorErrors[]>();
  for (const tensor of tensors) {
    if (keepsType(tensor)) continue;
    const { layer, name, role } = tensor;
    const id = effort === "tensors" || layer === null ? name : `${role}@${bandOf(layer, layers)}`;
    units.set(id, [...(units.get(id) ?? []), tensor]);
  }
  return [...units].map(([id, members]) => ({ id, role: members[0]?.role ?? "", tensors: members }));
}

/** Whether the only type of a tensor is exact: the quantized one that it already has. */
function keepsType({ errors }: TensorErrors): boolean {
  const all = Object.values(errors);
  return all.length === 1 && all[0] === 0;
}

function bandOf(layer: number, layers: number): number {
  if (layer === 0) return 0;
  const others = layers - 1;
  const bands = Math.min(maxBands, Math.max(1, Math.floor(others / minLayers)));
  return 1 + Math.floor(((layer - 1) * bands) / others);
}
