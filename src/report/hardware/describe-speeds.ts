import type { HardwareCompatibility } from "../../hardware/compatibility.js";

/** Explains "Tokens/s" after a blank; empty without an estimate. */
export function describeSpeeds({ results }: HardwareCompatibility): string {
  if (results.every(({ decode }) => decode === null)) return "";
  return " Tokens/s: generation speed, a range estimated from memory bandwidth.";
}
