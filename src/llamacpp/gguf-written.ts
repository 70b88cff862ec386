import { open } from "node:fs/promises";
import { isSystemError } from "../util/errors.js";

/**
 * Size in bytes of a GGUF file a tool says it has written, or undefined when it is missing, empty or not GGUF.
 * Tools are known to exit 0 with an empty file on a full disk, so an exit code alone proves nothing.
 */
export async function writtenGgufBytes(file: string): Promise<number | undefined> {
  try {
    const handle = await open(file, "r");
    try {
      const magic = Buffer.alloc(4);
      await handle.read(magic, 0, 4, 0);
      return magic.toString("latin1") === "GGUF" ? (await handle.stat()).size : undefined;
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (isSystemError(error) && error.code === "ENOENT") return undefined;
    throw error;
  }
}
