import { join } from "node:path";
import type { HubConnection } from "../../hub/connection.js";
import { localFile } from "../../hub/upload/local-file.js";
import { findRepo } from "../../hub/upload/repository.js";
import { signFiles } from "../../release/sign/sign-files.js";
import { sigstoreInstance } from "../../release/sign/sigstore-instance.js";
import { signatureFile } from "../../release/sign/statement.js";
import { checkSignature } from "../../release/verify/check-signature.js";
import { QuantsmithError } from "../../util/errors.js";
import { writeFileAtomic } from "../../util/files.js";
import { sha256 } from "../../util/sha256.js";
import { findChanges, isEmpty } from "./find-changes.js";
import { isRerun } from "./plan-hub.js";
import type { CheckedRelease } from "./release-files.js";
import { readRemote, readRemoteText } from "./remote-release.js";
import type { PublishTarget } from "./target.js";

/** The signing decision of a publication. */
export interface Signing {
  /** Without the folder's signature if the one on the Hub is kept. */
  release: CheckedRelease;
  needed: boolean;
}

/**
 * Decides whether to sign a release: if signing is requested, and neither the folder nor the repository has a valid
 * signature of this content. Avoids unnecessary signatures, since each creates a public record.
 * Errors: QS-SIGN-ROOT, QS-HUB-*.
 */
export async function planSigning(
  connection: HubConnection,
  release: CheckedRelease,
  target: Extract<PublishTarget, { kind: "hub" }>,
  signal: AbortSignal,
): Promise<Signing> {
  if (target.sign !== true) return { release, needed: false };
  const unsigned = { ...release, files: contentOf(release) };
  if (await isSignedOnHub(connection, unsigned, target.repo, signal)) return { release: unsigned, needed: false };
  return { release, needed: !release.isSigned };
}

/** Signs a release folder without a valid signature: writes `model.sig` into it, if it is valid. Errors: QS-SIGN-*. */
export async function signRelease(release: CheckedRelease, signal: AbortSignal): Promise<CheckedRelease> {
  if (release.isSigned) return release;
  const files = contentOf(release);
  const digests = new Map(files.map((file) => [file.path, file.sha256]));
  const signature = await signFiles(release.report.model.name, digests, sigstoreInstance(), signal);
  const problem = (await checkSignature(signature, digests, {})).problems.find(({ severity }) => severity === "error");
  if (problem !== undefined) {
    throw new QuantsmithError(
      "QS-SIGN-SERVICE",
      `Sigstore's answer is no signature of this release: ${problem.message}`,
      {
        remedy:
          "Check `QUANTSMITH_FULCIO_URL` and `QUANTSMITH_REKOR_URL`, or publish again later; nothing was uploaded.",
      },
    );
  }
  const path = join(release.folder, signatureFile);
  await writeFileAtomic(path, signature);
  return { ...release, files: [...files, await localFile(signatureFile, path)], isSigned: true };
}

function contentOf({ files }: CheckedRelease): CheckedRelease["files"] {
  return files.filter(({ path }) => path !== signatureFile);
}

/** Returns true if main contains this release, except for times and speeds, with a valid signature. */
async function isSignedOnHub(
  connection: HubConnection,
  release: CheckedRelease,
  repo: string,
  signal: AbortSignal,
): Promise<boolean> {
  if ((await findRepo(connection, repo, signal)) === undefined) return false;
  const main = await readRemote(connection, repo, "main", signal);
  const signature = await readRemoteText(connection, main, signatureFile, signal);
  const report = await readRemoteText(connection, main, "release.json", signal);
  if (signature === undefined || report === undefined) return false;
  const changes = await findChanges(release, main, signal);
  if (!isEmpty(changes) && !(await isRerun(connection, release, main, changes, signal))) return false;
  const remoteDigests = new Map(release.files.map((file) => [file.path, file.sha256])).set(
    "release.json",
    sha256(report),
  );
  return (await checkSignature(signature, remoteDigests, {})).signature?.ok === true;
}
