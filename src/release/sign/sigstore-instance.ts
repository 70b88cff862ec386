import { readFile } from "node:fs/promises";
import { TrustedRoot } from "@sigstore/protobuf-specs";
import { getTrustedRoot } from "@sigstore/tuf";
import { type TrustMaterial, toTrustMaterial } from "@sigstore/verify";
import { QuantsmithError } from "../../util/errors.js";

/** Which Sigstore signs and whom to trust; without settings the public one. */
export interface SigstoreInstance {
  fulcioUrl?: string;
  rekorUrl?: string;
  /** A `trusted_root.json`: what to trust without asking the network. */
  trustedRoot?: string;
}

/** Reads `QUANTSMITH_FULCIO_URL`, `QUANTSMITH_REKOR_URL` and `QUANTSMITH_SIGSTORE_ROOT`. */
export function sigstoreInstance(env: NodeJS.ProcessEnv = process.env): SigstoreInstance {
  const { QUANTSMITH_FULCIO_URL, QUANTSMITH_REKOR_URL, QUANTSMITH_SIGSTORE_ROOT } = env;
  return {
    ...(QUANTSMITH_FULCIO_URL ? { fulcioUrl: QUANTSMITH_FULCIO_URL } : {}),
    ...(QUANTSMITH_REKOR_URL ? { rekorUrl: QUANTSMITH_REKOR_URL } : {}),
    ...(QUANTSMITH_SIGSTORE_ROOT ? { trustedRoot: QUANTSMITH_SIGSTORE_ROOT } : {}),
  };
}

/**
 * Certificate authorities and logs that signatures are checked against: from the file that was set, else Sigstore's own
 * over TUF. A sentence when those cannot be had, as without a network. Errors: QS-SIGN-ROOT for a file that is no root.
 */
export async function loadTrust({ trustedRoot }: SigstoreInstance): Promise<TrustMaterial | string> {
  if (trustedRoot !== undefined) return readTrust(trustedRoot);
  try {
    return toTrustMaterial(await getTrustedRoot());
  } catch (error) {
    return `Sigstore's trusted root cannot be fetched: ${error instanceof Error ? error.message : String(error)}`;
  }
}

async function readTrust(path: string): Promise<TrustMaterial> {
  try {
    return toTrustMaterial(TrustedRoot.fromJSON(JSON.parse(await readFile(path, "utf8"))));
  } catch (error) {
    throw new QuantsmithError("QS-SIGN-ROOT", `${path} cannot be used as trusted root`, {
      remedy: "Let QUANTSMITH_SIGSTORE_ROOT name a trusted_root.json of Sigstore, or unset it.",
      at: { file: path },
      cause: error,
    });
  }
}
