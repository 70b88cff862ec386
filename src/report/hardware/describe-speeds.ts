import type { HardwareCompatibility } from "../../hardware/compatibility.js";

/** Explains "Tokens/s" of the recommended variants after a blank, and why it is empty for some devices. */
export function describeSpeeds(hardware: HardwareCompatibility): string {
  const { results } = hardware;
  const known = results.some(({ decode }) => decode !== null);
  return `${known ? " Tokens/s: generation speed, a range estimated from memory bandwidth." : ""}${missing(hardware)}`;
}

/** States why recommendations have no speed, each reason once with its devices. */
function missing(hardware: HardwareCompatibility): string {
  const byReason = new Map<string, string[]>();
  for (const device of hardware.devices) {
    const reason = reasonFor(device, hardware);
    if (reason !== undefined) byReason.set(reason, [...(byReason.get(reason) ?? []), device.name]);
  }
  return [...byReason]
    .map(([reason, names]) => {
      const which = names.length === hardware.devices.length ? "" : ` for ${names.join(", ")}`;
      return ` No speed${which}: ${reason}.`;
    })
    .join("");
}

function reasonFor(
  { id, bandwidth, memory }: HardwareCompatibility["devices"][number],
  { recommended, results }: HardwareCompatibility,
): string | undefined {
  const pick = recommended.find(({ device }) => device === id);
  const fit = results.find((one) => one.device === id && one.variant === pick?.variant && one.context === pick.context);
  if (fit === undefined || fit.decode !== null) return undefined;
  if (bandwidth === null) return "its memory bandwidth is unknown";
  if (memory.kind === "discrete" && fit.verdict !== "full") return "a part runs on a CPU with memory of unknown speed";
  return "nothing is published about models this small, or about this backend";
}
