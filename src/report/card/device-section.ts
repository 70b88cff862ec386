import { joinBlocks } from "../card-layout.js";
import { describeSpeeds } from "../hardware/describe-speeds.js";
import { deviceLines } from "../hardware/device-lines.js";
import { devicePicks } from "../hardware/device-picks.js";
import { fitGrids } from "../hardware/fit-grid.js";
import { markdownDetails, markdownLink, markdownTable } from "../markdown.js";
import type { CardFacts } from "./card-facts.js";

/** Renders which file to take for which devices, one line per class and file; empty without devices. */
export function deviceSection({ hardware }: CardFacts): string {
  if (hardware.variants.length === 0 || hardware.devices.length === 0) return "";
  const rows = deviceLines(hardware).map(({ devices, variant, context, speeds }) => [
    devices.join(", "),
    take(variant, hardware),
    String(context),
    new Set(speeds).size === 1 ? (speeds[0] ?? "") : speeds.join(", "),
  ]);
  return joinBlocks([
    "## Which file for which device",
    markdownTable(["Device", "Take", "Context", "Tokens/s"], rows),
    `Context: tokens, with an f16 KV cache.${describeSpeeds(hardware)} For a device that is not listed, take the line of one of its kind with as much memory or less.`,
  ]);
}

/** Returns the folded tables of the details: the reasons by device, and every variant on every device. */
export function deviceDetails({ hardware }: CardFacts): string[] {
  if (hardware.variants.length === 0 || hardware.devices.length === 0) return [];
  const { titles, rows } = devicePicks(hardware);
  const linked = rows.map(([device = "", name = "", ...cells]) => [device, take(name, hardware), ...cells]);
  const about =
    "Fit: the memory that llama.cpp's allocator requests, compared to the device's memory budget. All values and sources: [hardware-compatibility.json](./hardware-compatibility.json).";
  const grids = fitGrids(hardware).map(({ context, titles: columns, rows: devices }) => {
    const which = devices.length === hardware.devices.length ? "All devices at" : "Devices with a variant for";
    return markdownDetails(`${which} ${context} tokens of context`, markdownTable(columns, devices));
  });
  return [markdownDetails("Why which file for which device", `${markdownTable(titles, linked)}\n\n${about}`), ...grids];
}

/** The variant as a link to its file. */
function take(name: string | null, { variants }: CardFacts["hardware"]) {
  if (name === null) return "none fits";
  const file = variants.find((one) => one.name === name)?.file;
  return file === undefined ? name : { markdown: markdownLink(name, `./${file}`) };
}
