import { attest } from "sigstore";
import { QuantsmithError } from "../../util/errors.js";
import type { SigstoreInstance } from "./sigstore-instance.js";
import { renderStatement, statementMediaType } from "./statement.js";

/** Waiting for one answer of Fulcio or Rekor, in milliseconds. */
const timeoutMs = 60_000;

/** Throws unless the environment can prove who signs. Errors: QS-SIGN-IDENTITY. */
export function requireIdentity(env: NodeJS.ProcessEnv = process.env): void {
  const { ACTIONS_ID_TOKEN_REQUEST_URL, ACTIONS_ID_TOKEN_REQUEST_TOKEN, SIGSTORE_ID_TOKEN } = env;
  if (SIGSTORE_ID_TOKEN || (ACTIONS_ID_TOKEN_REQUEST_URL && ACTIONS_ID_TOKEN_REQUEST_TOKEN)) return;
  throw noIdentity("signing needs an identity, and the environment has none");
}

/**
 * Signs a list of files, path to sha256, with the identity of the environment, and gives the content of `model.sig`: a
 * Sigstore bundle. The signing, with that identity, is recorded in Sigstore's public log.
 * Errors: QS-SIGN-IDENTITY, QS-SIGN-SERVICE.
 */
export async function signFiles(
  name: string,
  files: ReadonlyMap<string, string>,
  { fulcioUrl, rekorUrl }: SigstoreInstance,
): Promise<string> {
  requireIdentity();
  try {
    const bundle = await attest(Buffer.from(renderStatement(name, files)), statementMediaType, {
      timeout: timeoutMs,
      ...(fulcioUrl === undefined ? {} : { fulcioURL: fulcioUrl }),
      ...(rekorUrl === undefined ? {} : { rekorURL: rekorUrl }),
    });
    return `${JSON.stringify(bundle)}\n`;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    const why = withoutToken(error instanceof Error ? error.message : String(error));
    if (code.startsWith("IDENTITY_TOKEN")) throw noIdentity(`the identity cannot be used for signing: ${why}`);
    throw new QuantsmithError("QS-SIGN-SERVICE", `Sigstore did not sign: ${why}`, {
      remedy: "Publish again; nothing was uploaded. A token that has expired is refused: get a new one.",
    });
  }
}

function noIdentity(message: string): QuantsmithError {
  return new QuantsmithError("QS-SIGN-IDENTITY", message, {
    remedy:
      "In GitHub Actions, give the job `permissions: { id-token: write }`. Elsewhere, set SIGSTORE_ID_TOKEN to an OpenID Connect token with the audience `sigstore`. Or publish without signing.",
  });
}

/** Whatever a service answers: the token stands in no message. */
function withoutToken(text: string): string {
  const token = process.env.SIGSTORE_ID_TOKEN;
  return token ? text.replaceAll(token, "<token>") : text;
}
