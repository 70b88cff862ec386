import type { DeviceClass } from "../catalog/device.js";

/** Contexts that tables tell, in tokens. */
const standardContexts = [4096, 8192, 32_768] as const;

/**
 * The contexts to judge a model at, ascending: the usual ones, what it was trained on, which none exceeds, and those
 * that a recipe made variants for.
 */
export function chooseContexts(trained: number | null, variantContexts: readonly number[] = []): number[] {
  const standard =
    trained === null ? standardContexts : [...standardContexts.filter((context) => context < trained), trained];
  const all = [...standard, ...variantContexts.map((context) => Math.min(context, trained ?? context))];
  return [...new Set(all)].sort((a, b) => a - b);
}

/** The context a recommendation is made for: what fits a long conversation, on phones a shorter one. */
export function wantedContext(kind: DeviceClass, trained: number | null): number {
  const wanted = kind === "phone" ? standardContexts[0] : standardContexts[1];
  return Math.min(wanted, trained ?? wanted);
}
