import type { HubConnection } from "../../hub/connection.js";
import type { ExpectedSigner } from "./check-signature.js";
import { hubSource } from "./hub-source.js";
import { verifyRelease } from "./verify-release.js";
import { errorProblem, type VerifyReport } from "./verify-report.js";

export interface RemoteRelease {
  /** `org/name`. */
  repo: string;
  /** A branch, tag, commit or `refs/pr/<n>`. */
  revision: string;
  /** Published files, path to sha256; each must be on the Hub unchanged. */
  expected?: ReadonlyMap<string, string>;
}

/**
 * Verifies a release on the Hub: all content digests, the contents of small files, and each GGUF header as parsed by
 * @huggingface/gguf. Errors: QS-HUB-*, QS-FETCH-HASH, QS-SIGN-ROOT, QS-VERIFY-TARGET.
 */
export async function verifyRemote(
  connection: HubConnection,
  { repo, revision, expected }: RemoteRelease,
  signal: AbortSignal,
  onFile?: (path: string, bytes: number) => void,
  signer?: ExpectedSigner,
): Promise<VerifyReport> {
  const report = await verifyRelease(await hubSource(connection, { repo, revision }, signal), onFile, signer);
  const stored = new Map(report.files.map(({ path, sha256 }) => [path, sha256]));
  const differences = [...(expected ?? [])].flatMap(([file, sha256]) => {
    const found = stored.get(file);
    if (found === sha256) return [];
    const what = found === undefined ? "is missing on the Hub" : "differs on the Hub";
    return [
      errorProblem(
        "QS-VERIFY-DIFFERS",
        file,
        `${file} ${what}`,
        "Publish again; files already on the Hub are not uploaded again.",
      ),
    ];
  });
  if (differences.length === 0) return report;
  return { ...report, ok: false, problems: [...differences, ...report.problems] };
}
