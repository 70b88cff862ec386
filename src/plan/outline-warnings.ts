import type { CheckpointOutline } from "../checkpoint/outline/checkpoint-outline.js";
import { quote } from "../util/quote.js";
import type { Warning } from "../util/warnings.js";

/** Warns of what a checkpoint's configuration and headers contradict, and the conversion decides. Pure. */
export function outlineWarnings(outline: CheckpointOutline | undefined): Warning[] {
  const format = outline?.format;
  if (!format?.isStale) return [];
  return [
    {
      code: "QW-WEIGHTS-PLAIN",
      message: `config.json, \`quantization_config\`, declares weights quantized by ${quote(format.method ?? "")}, but they are ${format.label}; they are converted as they are`,
      remedy: "Remove `quantization_config` from config.json, as other programs may refuse the model.",
      at: { file: "config.json" },
    },
  ];
}
