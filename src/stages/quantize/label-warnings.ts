import { formatBytes } from "../../util/bytes.js";
import type { Warning } from "../../util/warnings.js";

/** Share of the preset's size by which a file with its name may differ. */
const tolerance = 0.1;

/** Returns a warning if a file that is named after a preset differs by more than 10 % from that preset's size. Pure. */
export function labelWarnings(label: string, bytes: number, presetBytes: number): Warning[] {
  const difference = bytes / presetBytes - 1;
  if (Math.abs(difference) <= tolerance) return [];
  const percent = `${Math.round(100 * Math.abs(difference))} % ${difference < 0 ? "smaller" : "larger"}`;
  const message = `the file is ${percent} than llama.cpp's ${label} of this model: ${formatBytes(bytes)} against ${formatBytes(presetBytes)}`;
  const remedy = "Give the variant the name of a preset of its size, or that name with a suffix, such as Q4_K_XL.";
  return [{ code: "QW-LABEL-SIZE", message, remedy }];
}
