import type { DeviceClass } from "../catalog/device.js";

/** Contexts in tables, in tokens. */
const standardContexts = [4096, 8192, 32_768] as const;

/**
 * Returns the contexts at which a model is evaluated, ascending: the standard ones, the trained one, which is also the
 * maximum, and those of the recipe's device variants.
 */
export function chooseContexts(trained: number | null, variantContexts: readonly number[] = []): number[] {
  const standard =
    trained === null ? standardContexts : [...standardContexts.filter((context) => context < trained), trained];
  const all = [...standard, ...variantContexts.map((context) => Math.min(context, trained ?? context))];
  return [...new Set(all)].sort((a, b) => a - b);
}

/** Returns the context of a recommendation, in tokens: enough for a long conversation, less on phones. */
export function recommendedContext(kind: DeviceClass, trained: number | null): number {
  const recommended = kind === "phone" ? standardContexts[0] : standardContexts[1];
  return Math.min(recommended, trained ?? recommended);
}
