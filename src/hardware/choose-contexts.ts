import type { DeviceClass } from "./device.js";

/** Contexts that tables tell, in tokens. */
const usualContexts = [4096, 8192, 32_768] as const;

/** The contexts to judge a model at: the usual ones, and what it was trained on, which none exceeds. */
export function chooseContexts(trained: number | null): number[] {
  if (trained === null) return [...usualContexts];
  return [...usualContexts.filter((context) => context < trained), trained];
}

/** The context a recommendation is made for: what fits a long conversation, on phones a shorter one. */
export function wantedContext(kind: DeviceClass, trained: number | null): number {
  const wanted = kind === "phone" ? usualContexts[0] : usualContexts[1];
  return Math.min(wanted, trained ?? wanted);
}
