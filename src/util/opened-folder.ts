import { existsSync } from "node:fs";
import { constants, open } from "node:fs/promises";

/**
 * Runs work with a path that leads to a folder also if a link takes its name meanwhile; where the system has no /proc, the path
 * of the folder. Rejects with Node's errors: ENOTDIR or ELOOP for a link.
 */
export async function withOpenedFolder<T>(path: string, work: (place: string) => Promise<T>): Promise<T> {
  const folder = await open(path, constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    const opened = `/proc/self/fd/${folder.fd}`;
    return await work(existsSync(opened) ? opened : path);
  } finally {
    await folder.close();
  }
}
