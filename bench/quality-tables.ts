import type { Column, Measured, QualityColumns } from "./quality-columns.js";

const ways = ["presetFeedback", "dynamic", "dynamicFeedback"] as const satisfies readonly (keyof Column)[];
const titles = ["preset types + feedback", "dynamic", "dynamic + feedback"];

/** Mean KL divergence of the presets, and its ratio to them for the other ways. */
export function kldTable({ columns }: QualityColumns, presets: readonly string[]): string[] {
  return table(["at the size of", "preset KLD", ...titles], presets, (preset) => {
    const column = columnOf(columns, preset);
    return [preset, column.preset.kldMean.toFixed(5), ...ways.map((way) => ratio(column, way, "kldMean"))];
  });
}

/** 99.9 % KL divergence as ratios to the presets, and the share of tokens with the same most likely token. */
export function tailTable({ columns }: QualityColumns, presets: readonly string[]): string[] {
  const heads = ["at the size of", "preset 99.9 % KLD", ...titles, "same top, in the same order"];
  return table(heads, presets, (preset) => {
    const column = columnOf(columns, preset);
    const tops = [column.preset, ...ways.map((way) => column[way])].map(({ sameTop }) => sameTop.toFixed(2));
    const ratios = ways.map((way) => ratio(column, way, "kld999"));
    return [preset, column.preset.kld999.toFixed(4), ...ratios, `${tops.join(" · ")} %`];
  });
}

/** Predicted KL divergence of the dynamic variants relative to the measured one, and bytes relative to the preset's. */
export function predictionTable({ columns }: QualityColumns, presets: readonly string[]): string[] {
  const heads = [
    "at the size of",
    "dynamic: predicted / measured",
    "dynamic + feedback: predicted / measured",
    "bytes",
  ];
  return table(heads, presets, (preset) => {
    const { dynamic, dynamicFeedback, preset: before } = columnOf(columns, preset);
    const bytes = `${((100 * dynamicFeedback.bytes) / before.bytes).toFixed(3)} %`;
    return [preset, prediction(dynamic), prediction(dynamicFeedback), bytes];
  });
}

function table(heads: readonly string[], presets: readonly string[], row: (preset: string) => string[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(heads), line(heads.map(() => "---")), ...presets.map((preset) => line(row(preset)))];
}

function columnOf(columns: QualityColumns["columns"], preset: string): Column {
  const column = columns.get(preset);
  if (column === undefined) throw new Error(`${preset} was not measured`);
  return column;
}

function ratio(column: Column, way: (typeof ways)[number], figure: "kldMean" | "kld999"): string {
  return (column[way][figure] / column.preset[figure]).toFixed(3);
}

function prediction({ allocation, kldMean }: Measured): string {
  return allocation?.predictedKld == null ? "–" : (allocation.predictedKld / kldMean).toFixed(3);
}
