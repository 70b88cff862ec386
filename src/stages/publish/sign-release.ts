import { join } from "node:path";
import { localFile } from "../../hub/upload/local-file.js";
import { signFiles } from "../../release/sign/sign-files.js";
import { sigstoreInstance } from "../../release/sign/sigstore-instance.js";
import { signatureFile } from "../../release/sign/statement.js";
import { checkSignature } from "../../release/verify/check-signature.js";
import { QuantsmithError } from "../../util/errors.js";
import { writeFileAtomic } from "../../util/files.js";
import { sha256 } from "../../util/sha256.js";
import { findChanges, isEmpty, type PublishedFiles } from "./find-changes.js";
import type { CheckedRelease } from "./release-files.js";
import type { ReleaseOptions } from "./release-options.js";

/** The signing decision of a publication. */
export interface Signing {
  /** Without the folder's signature if the one at one of the places is kept. */
  release: CheckedRelease;
  needed: boolean;
}

/**
 * Decides whether to sign a release: if signing is requested, and neither the folder nor one of the places, the target or an
 * open pull request, has a valid signature of this content. Avoids unnecessary signatures, since each creates a public record. Errors: QS-SIGN-ROOT, QS-HUB-*.
 */
export async function planSigning(
  release: CheckedRelease,
  places: readonly PublishedFiles[],
  { sign }: Pick<ReleaseOptions, "sign">,
  signal: AbortSignal,
): Promise<Signing> {
  if (sign !== true) return { release, needed: false };
  const unsigned = { ...release, files: contentOf(release) };
  for (const place of places) {
    if (await isSigned(unsigned, place, signal)) return { release: unsigned, needed: false };
  }
  return { release, needed: !release.isSigned };
}

/** Signs a release without a valid signature: writes `model.sig` into its folder, if it is valid. Errors: QS-SIGN-*. */
export async function signRelease(release: CheckedRelease, signal: AbortSignal): Promise<CheckedRelease> {
  if (release.isSigned) return release;
  const files = contentOf(release);
  const digests = new Map(files.map((file) => [file.path, file.sha256]));
  const signature = await signFiles(release.report.model.name, digests, sigstoreInstance(), signal);
  const problem = (await checkSignature(signature, digests, {})).problems.find(({ severity }) => severity === "error");
  if (problem !== undefined) {
    throw new QuantsmithError(
      "QS-SIGN-SERVICE",
      `Sigstore's response is not a valid signature of this release: ${problem.message}`,
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

/** Returns true if a place contains this release, except for times and speeds, with a valid signature. */
async function isSigned(release: CheckedRelease, previous: PublishedFiles, signal: AbortSignal): Promise<boolean> {
  const signature = await previous.text(signatureFile);
  const report = await previous.text("release.json");
  if (signature === undefined || report === undefined) return false;
  if (!isEmpty(await findChanges(release, previous, signal))) return false;
  const digests = new Map(release.files.map((file) => [file.path, file.sha256])).set("release.json", sha256(report));
  return (await checkSignature(signature, digests, {})).signature?.ok === true;
}
