import { knownType } from "../../quant/ggml-types.js";
import type { Warning } from "../../util/warnings.js";
import type { TensorFallback } from "./quantize.js";

const remedies = {
  "QW-QUANTIZE-RULE":
    "Set a type with blocks of 32 for these tensors, such as Q8_0, Q5_1, Q5_0, Q4_0 or IQ4_NL, or remove the rule.",
  "QW-QUANTIZE-FALLBACK":
    "Choose by size and quality, not by name: the file is larger than usual for this preset. Q8_0, Q5_0 and Q4_0 store such rows as their names say.",
} as const;

/**
 * Returns a warning for rules, and one for the preset, that tensors could not follow. `rules` are the names of tensors with
 * a manual rule; `tensors` is the number of tensors that the variant quantizes.
 */
export function fallbackWarnings(
  fallbacks: readonly TensorFallback[],
  { preset, rules, tensors }: { preset: string; rules: ReadonlySet<string>; tensors: number },
): Warning[] {
  const ofRules = fallbacks.filter(({ name }) => rules.has(name));
  const ofPreset = fallbacks.filter(({ name }) => !rules.has(name));
  return [
    ...warning(
      "QW-QUANTIZE-RULE",
      ofRules,
      `${ofRules.length} of ${rules.size} tensors do not have the type of their rule`,
    ),
    ...warning(
      "QW-QUANTIZE-FALLBACK",
      ofPreset,
      `${ofPreset.length} of ${tensors} quantized tensors do not have the type that ${preset} chose`,
    ),
  ];
}

function warning(code: keyof typeof remedies, fallbacks: readonly TensorFallback[], which: string): Warning[] {
  if (fallbacks.length === 0) return [];
  const counts = new Map<string, number>();
  for (const { asked, got } of fallbacks) {
    const change = `${got} instead of ${asked}`;
    counts.set(change, (counts.get(change) ?? 0) + 1);
  }
  const changes = [...counts].sort(([, a], [, b]) => b - a).map(([change, count]) => `${change} (${count})`);
  const rows = [...new Set(fallbacks.map(({ columns }) => columns))].sort((a, b) => a - b);
  const block = Math.max(...fallbacks.map(({ asked }) => knownType(asked).blockSize));
  const lengths = `${rows.slice(0, 4).join(", ")}${rows.length > 4 ? " and others" : ""}`;
  const message = `${which}: ${changes.join(", ")}, since rows of ${lengths} values do not divide into blocks of ${block}`;
  return [{ code, message, remedy: remedies[code] }];
}
