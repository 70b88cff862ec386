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
  /** What was published, path to sha256; every file must have arrived as it is. */
  expected?: ReadonlyMap<string, string>;
}

/**
 * Reads a release back from the Hub and verifies it: every content digest, the small files' contents, each GGUF header
 * through @huggingface/gguf, and `release.json` against all of them. Errors: QS-HUB-*, QS-FETCH-HASH, QS-SIGN-ROOT.
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
    const what = found === undefined ? "did not arrive on the Hub" : "is another file on the Hub";
    return [
      errorProblem(
        "QS-VERIFY-DIFFERS",
        file,
        `${file} ${what}`,
        "Publish again; what is there already is not sent twice.",
      ),
    ];
  });
  if (differences.length === 0) return report;
  return { ...report, ok: false, problems: [...differences, ...report.problems] };
}
