import { readFile, realpath } from "node:fs/promises";
import { join } from "node:path";

/**
 * Returns the mount points at or below a folder, also those of bind mounts on the same disk; none for a missing folder, and on
 * systems without /proc. Errors: system errors.
 */
export async function mountPoints(folder: string): Promise<string[]> {
  const mounts = await readFile("/proc/self/mountinfo", "utf8").catch(() => "");
  const root = await realpath(folder).catch(() => folder);
  return parseMountPoints(mounts).filter((point) => point === root || point.startsWith(join(root, "/")));
}

/** Returns the mount points in a text in the format of /proc/self/mountinfo (proc_pid_mountinfo(5)). */
export function parseMountPoints(text: string): string[] {
  return text.split("\n").flatMap((line) => {
    const point = line.split(" ")[4];
    // Spaces, tabs, line ends and backslashes are octal.
    return point === undefined
      ? []
      : [point.replace(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8)))];
  });
}
