import { access } from "node:fs/promises";
import { QuantsmithError } from "./errors.js";

/**
 * Throws QS-ENV-PROC on Linux without /proc. Native tools find their libraries there, and limits on their memory and
 * inactivity cannot be enforced without it.
 */
export async function requireProc(): Promise<void> {
  if (process.platform !== "linux") return;
  await access("/proc/self/stat").catch((cause: unknown) => {
    throw new QuantsmithError("QS-ENV-PROC", "native tools cannot run: /proc is not mounted or not readable", {
      remedy: "Mount it with `mount -t proc proc /proc`, or start the container or sandbox with /proc.",
      cause,
    });
  });
}
