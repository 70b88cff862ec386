import { readGguf } from "../gguf/read-header.js";
import { QuantsmithError } from "../util/errors.js";
import type { SubprocessResult } from "../util/subprocess.js";
import { diskFullError } from "./tool-failure.js";

/**
 * Reads the header of a GGUF file that a tool has written and returns the file's size in bytes. On a full disk, tools
 * may exit with code 0 and leave an empty or truncated file; the function then throws `QS-DISK-FULL`.
 */
export async function checkWrittenGguf(file: string, doing: string, result: SubprocessResult): Promise<number> {
  try {
    return (await readGguf(file)).fileBytes;
  } catch (error) {
    const cut = error instanceof QuantsmithError && ["QS-GGUF-MISSING", "QS-GGUF-TRUNCATED"].includes(error.code);
    throw cut ? diskFullError(doing, result) : error;
  }
}
