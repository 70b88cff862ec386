import { bundleToJSON } from "@sigstore/bundle";
import { DSSEBundleBuilder, RekorWitness } from "@sigstore/sign";
import { QuantsmithError } from "../../util/errors.js";
import { redact } from "../../util/redact.js";
import { FulcioSigner } from "./fulcio-signer.js";
import { hasIdentity, type Identity, readIdentity } from "./identity-token.js";
import type { Signer } from "./read-signature.js";
import type { SigstoreInstance } from "./sigstore-instance.js";
import { renderStatement, statementMediaType } from "./statement.js";

/** Timeout of one request to Rekor, in milliseconds. */
const timeoutMs = 20_000;

/** Requires a signing identity in the environment. Errors: QS-SIGN-IDENTITY. */
export function requireIdentity(env: NodeJS.ProcessEnv = process.env): void {
  if (!hasIdentity(env)) throw noIdentity("the environment does not provide an identity for signing");
}

/**
 * Returns the signer of the environment's identity, as far as it is known. Errors: QS-SIGN-IDENTITY, the reason of
 * `signal`.
 */
export async function readSigner(signal: AbortSignal): Promise<Partial<Signer>> {
  return (await requestIdentity(signal)).signer;
}

async function requestIdentity(signal: AbortSignal): Promise<Identity> {
  requireIdentity();
  return readIdentity(signal).catch((error: Error) => {
    signal.throwIfAborted();
    throw noIdentity(`the identity is not available: ${withoutTokens(error.message)}`);
  });
}

/**
 * Signs a list of files, path to sha256, with the identity of the environment, and returns the content of `model.sig`: a
 * Sigstore bundle. Sigstore records the signature and the identity in its public log.
 * Errors: QS-SIGN-IDENTITY, QS-SIGN-SERVICE, the reason of `signal`.
 */
export async function signFiles(
  name: string,
  files: ReadonlyMap<string, string>,
  { fulcioUrl, rekorUrl }: SigstoreInstance,
  signal: AbortSignal,
): Promise<string> {
  const identity = await requestIdentity(signal);
  // The library's requests to the log have no signal: they end soon.
  const services = { timeout: timeoutMs, retry: 1 };
  const bundler = new DSSEBundleBuilder({
    signer: new FulcioSigner(fulcioUrl, identity, signal),
    witnesses: [new RekorWitness({ ...services, rekorBaseURL: rekorUrl, entryType: "dsse", fetchOnConflict: false })],
  });
  try {
    const data = Buffer.from(renderStatement(name, files));
    const bundle = await Promise.race([bundler.create({ data, type: statementMediaType }), rejectOnAbort(signal)]);
    return `${JSON.stringify(bundleToJSON(bundle))}\n`;
  } catch (error) {
    signal.throwIfAborted();
    const why = withoutTokens(error instanceof Error ? error.message : String(error));
    throw new QuantsmithError("QS-SIGN-SERVICE", `signing with Sigstore failed: ${why}`, {
      remedy: "Publish again with a new identity token; nothing was uploaded.",
    });
  }
}

function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

function noIdentity(message: string): QuantsmithError {
  return new QuantsmithError("QS-SIGN-IDENTITY", message, {
    remedy:
      "In GitHub Actions, give the job `permissions: { id-token: write }`. Elsewhere, set `SIGSTORE_ID_TOKEN` to an OpenID Connect token with the audience `sigstore`, or publish without signing.",
  });
}

/** Redacts tokens, which a service may repeat in its response, and where a workflow gets one. */
function withoutTokens(text: string): string {
  const { ACTIONS_ID_TOKEN_REQUEST_URL, ACTIONS_ID_TOKEN_REQUEST_TOKEN, SIGSTORE_ID_TOKEN } = process.env;
  const secrets = [ACTIONS_ID_TOKEN_REQUEST_URL, ACTIONS_ID_TOKEN_REQUEST_TOKEN, SIGSTORE_ID_TOKEN];
  return redact(
    secrets.reduce<string>((shown, secret) => (secret ? shown.replaceAll(secret, "<token>") : shown), text),
  );
}
