import { storedType } from "../../quant/fallback-type.js";
import { type GgmlType, knownType } from "../../quant/ggml-types.js";
import type { Warning } from "../../util/warnings.js";
import type { TensorTypes } from "../allocate/tensor-types.js";
import type { TensorFallback } from "./quantize.js";

const remedies = {
  "QW-QUANTIZE-RULE":
    "Set a type with blocks of 32 for these tensors, such as Q8_0, Q5_1, Q5_0, Q4_0 or IQ4_NL, or remove the rule.",
  "QW-QUANTIZE-FALLBACK":
    "Choose by size and quality, not by name: the file is larger than usual for this preset. Q8_0, Q5_0 and Q4_0 store such rows as their names say.",
} as const;
const choiceRemedy =
  "Expect less from the choice of types than for other models. `types` of a variant may list types with blocks of 32: Q8_0, Q5_1, Q5_0, Q4_0 and IQ4_NL.";

/**
 * Returns a warning for rules, and one for the preset, that tensors could not follow. `rules` are the names of tensors with
 * a manual rule; `tensors` is the number of tensors that the variant quantizes.
 */
export function fallbackWarnings(
  fallbacks: readonly TensorFallback[],
  { preset, rules, tensors }: { preset: string; rules: ReadonlySet<string>; tensors: number },
): Warning[] {
  const ofPreset = fallbacks.filter(({ name }) => !rules.has(name));
  return [
    ...ruleWarnings(
      fallbacks.filter(({ name }) => rules.has(name)),
      rules.size,
    ),
    ...warning(
      "QW-QUANTIZE-FALLBACK",
      ofPreset,
      `${ofPreset.length} of ${tensors} quantized tensors do not have the type that ${preset} chose`,
    ),
  ];
}

/**
 * Returns a warning for pins, and one for the types of a dynamic variant, that the rows of its quantized tensors do not
 * fit. Both are known before the choice. Pure.
 */
export function choiceWarnings(
  tensors: readonly { name: string; shape: readonly number[] }[],
  types: readonly string[],
  pins: TensorTypes,
): Warning[] {
  const rows = tensors.map(({ name, shape: [columns = 1] }) => ({ name, columns }));
  const pinned = rows.flatMap(({ name, columns }) => {
    const asked = pins.get(name);
    const got = asked && storedType(asked, columns);
    return asked && got && got !== asked ? [{ name, asked: asked.name, got: got.name, columns }] : [];
  });
  const unfit = (columns: number) => types.filter((type) => columns % knownType(type).blockSize !== 0);
  const limited = rows.filter(({ name, columns }) => !pins.has(name) && unfit(columns).length > 0);
  const changes = new Map<string, Set<string>>();
  for (const { columns } of limited) {
    for (const asked of unfit(columns)) {
      const got = storedType(knownType(asked), columns)?.name ?? "no type";
      changes.set(got, (changes.get(got) ?? new Set()).add(asked));
    }
  }
  const listed = [...changes].map(([got, asked]) => `${got} instead of ${[...asked].join(", ")}`).join("; ");
  const blocks = limited.flatMap(({ columns }) => unfit(columns).map((type) => knownType(type)));
  const message = `${limited.length} of ${tensors.length} quantized tensors choose from other types: ${listed}, ${reason(limited, blocks)}`;
  return [
    ...ruleWarnings(pinned, pins.size),
    ...(limited.length === 0 ? [] : [{ code: "QW-QUANTIZE-FALLBACK", message, remedy: choiceRemedy } as const]),
  ];
}

function ruleWarnings(fallbacks: readonly TensorFallback[], rules: number): Warning[] {
  return warning(
    "QW-QUANTIZE-RULE",
    fallbacks,
    `${fallbacks.length} of ${rules} tensors do not have the type of their rule`,
  );
}

function warning(code: keyof typeof remedies, fallbacks: readonly TensorFallback[], which: string): Warning[] {
  if (fallbacks.length === 0) return [];
  const counts = new Map<string, number>();
  for (const { asked, got } of fallbacks) {
    const change = `${got} instead of ${asked}`;
    counts.set(change, (counts.get(change) ?? 0) + 1);
  }
  const changes = [...counts].sort(([, a], [, b]) => b - a).map(([change, count]) => `${change} (${count})`);
  const asked = fallbacks.map((fallback) => knownType(fallback.asked));
  const message = `${which}: ${changes.join(", ")}, ${reason(fallbacks, asked)}`;
  return [{ code, message, remedy: remedies[code] }];
}

function reason(tensors: readonly { columns: number }[], asked: readonly GgmlType[]): string {
  const rows = [...new Set(tensors.map(({ columns }) => columns))].sort((a, b) => a - b);
  const lengths = `${rows.slice(0, 4).join(", ")}${rows.length > 4 ? " and others" : ""}`;
  return `since rows of ${lengths} values do not divide into blocks of ${Math.max(...asked.map(({ blockSize }) => blockSize))}`;
}
