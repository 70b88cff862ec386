import { readFile } from "node:fs/promises";
import { totalmem } from "node:os";

/** Returns the control group's memory limit (version 2 or 1) if it is below the machine's memory, else that. */
export async function usableMemoryBytes(): Promise<number> {
  const limits = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
  const texts = await Promise.all(limits.map((file) => readFile(file, "utf8").catch(() => "")));
  // The filter drops "max" (NaN) and an empty text (0); version 1 writes a huge number for "no limit".
  return Math.min(totalmem(), ...texts.map(Number).filter((bytes) => bytes > 0));
}
