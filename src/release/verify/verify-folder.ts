import type { ExpectedSigner } from "./check-signature.js";
import { folderSource } from "./folder-source.js";
import { verifyRelease } from "./verify-release.js";
import type { VerifyReport } from "./verify-report.js";

/** Verifies a release folder. Errors: QS-VERIFY-TARGET, QS-SIGN-ROOT; Node's system errors for unreadable files. */
export async function verifyFolder(
  folder: string,
  signal: AbortSignal,
  onFile?: (path: string, bytes: number) => void,
  signer?: ExpectedSigner,
): Promise<VerifyReport> {
  return verifyRelease(await folderSource(folder, signal), onFile, signer);
}
