import { TrustedRoot } from "@sigstore/protobuf-specs";
import { DEFAULT_FULCIO_URL, DEFAULT_REKOR_URL } from "@sigstore/sign";
import { getTrustedRoot } from "@sigstore/tuf";
import { type TrustMaterial, toTrustMaterial } from "@sigstore/verify";
import { isEndpoint } from "../../hub/address.js";
import { QuantsmithError } from "../../util/errors.js";
import { quote } from "../../util/quote.js";
import { redactAddress } from "../../util/redact.js";
import { readRegular } from "../../util/regular-file.js";

/** Sigstore services and trusted root; defaults to the public instance. */
export interface SigstoreInstance {
  fulcioUrl: string;
  rekorUrl: string;
  /** Path of a `trusted_root.json`, used instead of fetching the trusted root. */
  trustedRoot?: string;
}

/** Reads `QUANTSMITH_FULCIO_URL`, `QUANTSMITH_REKOR_URL` and `QUANTSMITH_SIGSTORE_ROOT`. Errors: QS-SIGN-ADDRESS. */
export function sigstoreInstance(env: NodeJS.ProcessEnv = process.env): SigstoreInstance {
  const { QUANTSMITH_FULCIO_URL, QUANTSMITH_REKOR_URL, QUANTSMITH_SIGSTORE_ROOT } = env;
  return {
    fulcioUrl: requireAddress("QUANTSMITH_FULCIO_URL", QUANTSMITH_FULCIO_URL || DEFAULT_FULCIO_URL),
    rekorUrl: requireAddress("QUANTSMITH_REKOR_URL", QUANTSMITH_REKOR_URL || DEFAULT_REKOR_URL),
    ...(QUANTSMITH_SIGSTORE_ROOT ? { trustedRoot: QUANTSMITH_SIGSTORE_ROOT } : {}),
  };
}

function requireAddress(variable: string, address: string): string {
  if (isEndpoint(address)) return address;
  throw new QuantsmithError("QS-SIGN-ADDRESS", `${variable} is not a valid address: ${quote(redactAddress(address))}`, {
    remedy: `Set \`${variable}\` to an https:// address without credentials; http:// works for this machine only.`,
  });
}

/**
 * Loads the trusted certificate authorities and logs from the configured file, else Sigstore's own over TUF. Returns an
 * error message if they cannot be fetched. Errors: QS-SIGN-ROOT if the configured file is invalid.
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
    return toTrustMaterial(TrustedRoot.fromJSON(JSON.parse((await readRegular(path)).toString("utf8"))));
  } catch (error) {
    throw new QuantsmithError("QS-SIGN-ROOT", `${path} is not a valid trusted root`, {
      remedy: "Set `QUANTSMITH_SIGSTORE_ROOT` to a trusted_root.json of Sigstore, or unset it.",
      at: { file: path },
      cause: error,
    });
  }
}
