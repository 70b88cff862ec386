import { readGguf } from "../gguf/read-header.js";
import { QuantsmithError } from "../util/errors.js";
import type { SubprocessResult } from "../util/subprocess.js";
import { diskFullError } from "./tool-failure.js";

/**
 * Size in bytes of a GGUF file that a tool says it has written, after a look at its header. On a full disk tools are
 * known to exit 0 with an empty or cut file, so an exit code alone proves nothing: such a file is `QS-DISK-FULL`.
 */
export async function checkWrittenGguf(file: string, doing: string, result: SubprocessResult): Promise<number> {
  try {
    return (await readGguf(file)).fileBytes;
  } catch (error) {
    const cut = error instanceof QuantsmithError && ["QS-GGUF-MISSING", "QS-GGUF-TRUNCATED"].includes(error.code);
    throw cut ? diskFullError(doing, result) : error;
  }
}
