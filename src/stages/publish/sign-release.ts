import { join } from "node:path";
import { localFile, readUnchanged } from "../../hub/upload/local-file.js";
import { readSigner, signFiles } from "../../release/sign/sign-files.js";
import { sigstoreInstance } from "../../release/sign/sigstore-instance.js";
import { signatureFile } from "../../release/sign/statement.js";
import { checkSignature, type ExpectedSigner, otherSigner } from "../../release/verify/check-signature.js";
import { isSystemError, QuantsmithError } from "../../util/errors.js";
import { renameToNew, writeFileAtomic } from "../../util/files.js";
import { unusedPath } from "../../util/replace-folder.js";
import { sha256 } from "../../util/sha256.js";
import { inputChanged } from "../input-changed.js";
import { findChanges, isEmpty, type PublishedFiles } from "./find-changes.js";
import type { CheckedRelease } from "./release-files.js";
import type { ReleaseOptions } from "./release-options.js";

/** The signing decision of a publication. */
export interface Signing {
  /** Without the folder's signature if the one at one of the places is kept, or if it is replaced. */
  release: CheckedRelease;
  needed: boolean;
  /** True if a signature of somebody else at one of the places is replaced. */
  replaces: boolean;
  /** New path of a signature of somebody else in the folder, of which that may be the only copy. */
  keptAs?: string;
}

/**
 * Decides whether to sign a release: if signing is requested, and neither the folder nor one of the places, the target or an
 * open pull request, has a valid signature of this content by the environment's identity. Avoids unnecessary signatures, since
 * each creates a public record. A signature of somebody else is replaced only with `replace`.
 * Errors: QS-PUBLISH-FOREIGN, QS-SIGN-IDENTITY, QS-SIGN-ROOT, QS-HUB-*.
 */
export async function planSigning(
  release: CheckedRelease,
  places: readonly PublishedFiles[],
  { sign, replace }: Pick<ReleaseOptions, "sign" | "replace">,
  signal: AbortSignal,
): Promise<Signing> {
  if (sign !== true) return { release, needed: false, replaces: false };
  const unsigned = { ...release, files: contentOf(release), isSigned: false };
  const placed = await findSigned(unsigned, places, signal);
  const local = await localSignature(release);
  const signer = placed === undefined && local === undefined ? {} : await readSigner(signal);
  const isOwn = async (signature: PlacedSignature | undefined) => {
    if (signature === undefined) return false;
    const reason = await whyForeign(signature, signer);
    if (reason !== undefined && replace !== true) throw foreignSignature(signature, reason);
    return reason === undefined;
  };
  if (await isOwn(placed)) return { release: unsigned, needed: false, replaces: false };
  const isSigned = await isOwn(local);
  const signing = { needed: !isSigned, replaces: placed !== undefined };
  if (isSigned || local === undefined) return { release: isSigned ? release : unsigned, ...signing };
  return { release: unsigned, ...signing, keptAs: await unusedPath(`${release.folder}.${signatureFile}`) };
}

/**
 * Signs a release without a valid signature: writes `model.sig` into its folder, if it is valid. Renames the folder's former
 * one to `keptAs`. Errors: QS-SIGN-*.
 */
export async function signRelease(
  release: CheckedRelease,
  signal: AbortSignal,
  keptAs?: string,
): Promise<CheckedRelease> {
  if (release.isSigned) return release;
  const files = contentOf(release);
  const digests = digestsOf({ files });
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
  if (keptAs !== undefined) await renameToNew(path, keptAs);
  await writeFileAtomic(path, signature, { isNew: true }).catch((error: unknown) => {
    // Of somebody else who signed the folder meanwhile.
    throw isSystemError(error) && error.code === "EEXIST" ? inputChanged("publish", signatureFile) : error;
  });
  return { ...release, files: [...files, await localFile(signatureFile, path)], isSigned: true };
}

function contentOf({ files }: CheckedRelease): CheckedRelease["files"] {
  return files.filter(({ path }) => path !== signatureFile);
}

/** A signature over the content of a release, and where it is. */
interface PlacedSignature {
  text: string;
  /** The release's files, path to sha256. */
  files: ReadonlyMap<string, string>;
  where: string;
}

/** Returns the signature at the first place that contains this release, except for times and speeds, with a signature. */
async function findSigned(
  release: CheckedRelease,
  places: readonly PublishedFiles[],
  signal: AbortSignal,
): Promise<PlacedSignature | undefined> {
  for (const place of places) {
    const text = await place.text(signatureFile);
    const report = await place.text("release.json");
    if (text === undefined || report === undefined) continue;
    if (!isEmpty(await findChanges(release, place, signal))) continue;
    return { text, files: digestsOf(release).set("release.json", sha256(report)), where: "at the target" };
  }
  return undefined;
}

async function localSignature(release: CheckedRelease): Promise<PlacedSignature | undefined> {
  const file = release.files.find(({ path }) => path === signatureFile);
  if (file === undefined) return undefined;
  const text = String(await readUnchanged(file));
  return { text, files: digestsOf({ files: contentOf(release) }), where: `in ${release.folder}` };
}

function digestsOf({ files }: Pick<CheckedRelease, "files">): Map<string, string> {
  return new Map(files.map((file) => [file.path, file.sha256]));
}

/** Returns why a signature is not a valid one of a signer, at any branch or tag of a workflow; undefined if it is. */
async function whyForeign({ text, files }: PlacedSignature, signer: ExpectedSigner): Promise<string | undefined> {
  const { signature, problems } = await checkSignature(text, files, {});
  if (signature?.ok !== true) return problems.map(({ message }) => message).join();
  if (signer.identity === undefined) return "the name in certificates for the environment's token is not known";
  const found = signature.identity ?? "";
  const isSameWorkflow = withoutRef(signer.identity) === withoutRef(found);
  return otherSigner(signature, isSameWorkflow ? { ...signer, identity: found } : signer);
}

function withoutRef(identity: string): string {
  return identity.replace(/@refs\/.*$/, "");
}

function foreignSignature({ where }: PlacedSignature, reason: string): QuantsmithError {
  return new QuantsmithError(
    "QS-PUBLISH-FOREIGN",
    `the signature ${where} is not of the environment's identity: ${reason}`,
    {
      remedy: "Publish without `--sign` to keep it, or add `--replace` to sign the release again.",
    },
  );
}
