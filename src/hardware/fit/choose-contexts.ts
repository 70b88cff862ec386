import type { DeviceClass } from "../catalog/device.js";

/** Contexts that tables tell, in tokens. */
const usualContexts = [4096, 8192, 32_768] as const;

/**
 * The contexts to judge a model at, ascending: the usual ones, what it was trained on, which none exceeds, and those
 * that a recipe made variants for.
 */
export function chooseContexts(trained: number | null, own: readonly number[] = []): number[] {
  const usual = trained === null ? usualContexts : [...usualContexts.filter((context) => context < trained), trained];
  const all = [...usual, ...own.map((context) => Math.min(context, trained ?? context))];
  return [...new Set(all)].sort((a, b) => a - b);
}

/** The context a recommendation is made for: what fits a long conversation, on phones a shorter one. */
export function wantedContext(kind: DeviceClass, trained: number | null): number {
  const wanted = kind === "phone" ? usualContexts[0] : usualContexts[1];
  return Math.min(wanted, trained ?? wanted);
}
