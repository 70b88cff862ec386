import { type GridCell, tensorGrid } from "../charts/tensor-grid.js";
import type { TensorFacts } from "../tensor-facts.js";
import { visibleText } from "./html.js";
import { shades } from "./shades.js";

export type TensorCell = GridCell<TensorFacts>;

/** The heat map of one variant. */
export interface TensorMap {
  variant: string;
  layers: number;
  /** In the order of the forward pass. */
  rows: {
    role: string;
    /** One per layer, undefined for layers without this role; or a single one outside the layers. */
    cells: (TensorCell | undefined)[];
  }[];
}

/** Arranges the tensors of a variant in rows of roles. */
export function tensorMap(variant: string, tensors: readonly TensorFacts[]): TensorMap {
  const { roles, layers, cells } = tensorGrid(tensors);
  const rows = roles.map((role) => {
    const own = new Map(cells.filter((cell) => cell.role === role).map((cell) => [cell.layer, cell]));
    const outside = own.get(null);
    return { role, cells: outside ? [outside] : Array.from({ length: layers }, (_, layer) => own.get(layer)) };
  });
  return { variant, layers, rows };
}

/** The tensors of a map, in the order of the page. */
export function cellsOf({ rows }: TensorMap): TensorCell[] {
  return rows.flatMap(({ cells }) => cells.filter((cell) => cell !== undefined));
}

/** What can colour the cells instead of bits per weight, on a logarithmic scale from `least` to `most`. */
export interface Measure {
  id: "error" | "damage";
  title: string;
  least: number;
  most: number;
}

/** Fixed scales, so that variants and releases are comparable. */
const measures: readonly Measure[] = [
  { id: "error", title: "Rounding error", least: 1e-6, most: 0.3 },
  { id: "damage", title: "Predicted KLD", least: 1e-7, most: 0.01 },
];

/** Returns the measures of which any tensor has a value. */
export function knownMeasures(tensors: readonly TensorFacts[]): Measure[] {
  const known = tensors.filter(({ error }) => error !== null);
  return measures.filter(({ id }) => known.some(({ alpha }) => id === "error" || alpha !== null));
}

/**
 * The values behind the cells for the page's script. Each cell: index of its name, bytes, error, loss ratio. Short,
 * because a page can have ten thousand cells.
 */
export function tensorData(maps: readonly TensorMap[], known: readonly Measure[]): object {
  const alphas = new Map(maps.flatMap(cellsOf).map(({ name, alpha }) => [name, alpha]));
  const indexes = new Map([...alphas.keys()].map((name, index) => [name, index]));
  return {
    shades,
    scales: Object.fromEntries(known.map(({ id, least, most }) => [id, [least, most]])),
    names: [...alphas.keys()].map(visibleText),
    alphas: [...alphas.values()],
    variants: maps.map((map) =>
      cellsOf(map).map(({ name, bytes, error, lossRatio }) => [indexes.get(name), bytes, error, lossRatio]),
    ),
  };
}
