import { QuantsmithError } from "../util/errors.js";
import { redact } from "../util/redact.js";
import type { HubConnection } from "./connection.js";

/** The purpose of a request, for error messages. */
export interface Subject {
  /** Participle phrase: `listing main of org/name`. */
  doing: string;
  repo: string;
  /** True if the request needs a token with write access. */
  writes?: boolean;
}

/** A failure that a retry may resolve: the error to report if none does, and the wait that the Hub requests. */
export class TemporaryFailure extends Error {
  readonly error: QuantsmithError;
  readonly retryAfterMs: number | undefined;

  constructor(error: QuantsmithError, retryAfterMs?: number) {
    super(error.message);
    this.error = error;
    this.retryAfterMs = retryAfterMs;
  }
}

/** An error response of the Hub; `code` and `reason` are its `X-Error-Code` and `X-Error-Message`. */
export interface HubErrorResponse {
  status: number;
  code: string | undefined;
  reason: string;
}

/** Returns the error for a response that is not a success. */
export function statusError(
  { status, code, reason }: HubErrorResponse,
  { doing, repo, writes = false }: Subject,
  connection: HubConnection,
): QuantsmithError {
  const page = `${connection.endpoint}/${repo}`;
  const access = writes ? "write" : "read";
  const unset = connection.withholdsToken ? "unset `HF_HUB_DISABLE_IMPLICIT_TOKEN` and " : "";
  const token = connection.hasToken
    ? "Check the token in `HF_TOKEN`"
    : sentence(`${unset}set \`HF_TOKEN\` to a token with ${access} access`);
  if (code === "GatedRepo") {
    return new QuantsmithError("QS-HUB-GATED", `${doing}: ${repo} is gated (${status})`, {
      remedy: `Request access at ${page}, then ${unset}run again with a token of the same account in \`HF_TOKEN\`.`,
    });
  }
  if (status === 401) {
    return new QuantsmithError("QS-HUB-UNAUTHORIZED", `${doing}: ${repo} is private or does not exist (401)`, {
      remedy: `${token}, and check the name at ${page}.`,
    });
  }
  if (status === 403) {
    return new QuantsmithError("QS-HUB-FORBIDDEN", `${doing}: the Hub denies access to ${repo} (403)`, {
      remedy: `${token}. A fine-grained token needs ${access} access to this repository.`,
    });
  }
  if (status === 404 && code === "RevisionNotFound") {
    return new QuantsmithError("QS-HUB-REVISION", `${doing}: the revision does not exist in ${repo}`, {
      remedy: `Check the branches, tags and commits at ${page}/tree/main.`,
    });
  }
  if (status === 404 || status === 410) {
    const what = code === "EntryNotFound" ? `the file does not exist in ${repo}` : `${repo} does not exist`;
    return new QuantsmithError("QS-HUB-MISSING", `${doing}: ${what}`, {
      remedy: `Check the name at ${page}.${connection.hasToken ? "" : ` For a private repository, ${unset}set \`HF_TOKEN\`.`}`,
    });
  }
  if (status === 429) {
    return new QuantsmithError("QS-HUB-RATE-LIMIT", `${doing}: the Hub's rate limit is reached (429)`, {
      remedy: `${retryLater}${connection.hasToken ? "" : ` ${sentence(`${unset}set \`HF_TOKEN\` for a higher limit.`)}`}`,
    });
  }
  const details = reason === "" ? "" : `: ${connection.quote(reason)}`;
  return new QuantsmithError("QS-HUB-FAILED", `${doing}: the Hub returned ${status} for ${repo}${details}`, {
    remedy: retryLater,
  });
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Returns the error for a storage server's response that is not a success. */
export function storageError(status: number, { doing }: Subject): QuantsmithError {
  return new QuantsmithError("QS-HUB-FAILED", `${doing}: the Hub's storage returned ${status}`, {
    remedy: retryLater,
  });
}

const retryLater = "Run again later; the transfer resumes.";

const unreachable = new Set(["ENOTFOUND", "EAI_AGAIN", "ENETUNREACH", "EHOSTUNREACH", "ENETDOWN", "ECONNREFUSED"]);

/** Returns the error for a connection that failed or was lost. */
export function networkError(cause: unknown, { doing }: Subject, quote = redact): QuantsmithError {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code ?? "";
  const reason = quote(cause instanceof Error ? cause.message : String(cause));
  if (unreachable.has(code)) {
    return new QuantsmithError("QS-HUB-OFFLINE", `${doing}: cannot connect to the Hub: ${reason}`, {
      remedy: "Check the network, `HTTPS_PROXY` and `HF_ENDPOINT`, or set `HF_HUB_OFFLINE=1` to use only the cache.",
      cause,
    });
  }
  return new QuantsmithError("QS-HUB-NETWORK", `${doing}: the connection was lost: ${reason}`, {
    remedy: "Check the network and run again; the transfer resumes.",
    cause,
  });
}

/** Codes of Node's TLS for a certificate that it does not accept; a retry does not help. */
const certificate = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER/;

/** Returns the error for a request that failed before its response; a TemporaryFailure except for certificates. */
export function connectionFailure(cause: Error, subject: Subject, { quote }: HubConnection): Error {
  const { code = "" } = cause as NodeJS.ErrnoException;
  if (!certificate.test(code)) return new TemporaryFailure(networkError(cause, subject, quote));
  return new QuantsmithError(
    "QS-HUB-CERTIFICATE",
    `${subject.doing}: the server's certificate is not valid: ${quote(cause.message)} (${code})`,
    {
      remedy:
        "If your network replaces certificates, set `NODE_EXTRA_CA_CERTS` to a PEM file of its authority. Otherwise check the clock and `HF_ENDPOINT`.",
      cause,
    },
  );
}

/** Returns the error for a proxy that refused a connection. */
export function proxyError(status: number, { doing }: Subject): QuantsmithError {
  return new QuantsmithError("QS-HUB-PROXY", `${doing}: the proxy refused the connection (${status})`, {
    remedy: "Check the address and credentials in `HTTPS_PROXY`, or add the host to `NO_PROXY`.",
  });
}

/** Returns the error for an unexpected response; `problem` is a clause about it. */
export function invalidResponse({ doing }: Subject, problem: string): QuantsmithError {
  return new QuantsmithError("QS-HUB-ANSWER", `${doing}: ${problem}`, {
    remedy: "Check `HF_ENDPOINT` and the proxies in use, then run again.",
  });
}

/** Rethrows the errors of @huggingface/hub for a response that is not the expected JSON as QS-HUB-ANSWER. */
export function rethrowLibraryError(error: unknown, subject: Subject): never {
  if (error instanceof SyntaxError || error instanceof TypeError) {
    throw invalidResponse(subject, "the response is not the expected JSON");
  }
  throw error;
}

/** Returns the error for data that is missing from the cache while no network may be used. */
export function offlineError(missing: string): QuantsmithError {
  const message = `HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE is set, and the cache does not contain ${missing}`;
  return new QuantsmithError("QS-HUB-OFFLINE", message, {
    remedy:
      "Run once without `HF_HUB_OFFLINE` and `TRANSFORMERS_OFFLINE`, or set `HF_HUB_CACHE` to a cache that contains it.",
  });
}
