import { folderSource } from "./folder-source.js";
import { verifyRelease } from "./verify-release.js";
import type { VerifyReport } from "./verify-report.js";

/** Verifies a release folder. Errors: QS-VERIFY-TARGET; Node's own when a file cannot be read. */
export async function verifyFolder(
  folder: string,
  signal: AbortSignal,
  onFile?: (path: string, bytes: number) => void,
): Promise<VerifyReport> {
  return verifyRelease(await folderSource(folder, signal), onFile);
}
