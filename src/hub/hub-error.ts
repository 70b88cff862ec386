import { QuantsmithError } from "../util/errors.js";
import { redact } from "../util/redact.js";
import type { HubConnection } from "./connection.js";

/** What a request is about, for error messages: `listing main of org/name`. */
export interface Subject {
  doing: string;
  repo: string;
  /** The request would change something, so the token must be allowed to write. */
  writes?: boolean;
}

/** A failure that may pass: the error to report if it does not, and how long the Hub asks to wait. */
export class TemporaryFailure extends Error {
  readonly error: QuantsmithError;
  readonly retryAfterMs: number | undefined;

  constructor(error: QuantsmithError, retryAfterMs?: number) {
    super(error.message);
    this.error = error;
    this.retryAfterMs = retryAfterMs;
  }
}

/** A refusal by the Hub; `code` and `said` are its `X-Error-Code` and `X-Error-Message`. */
export interface Refusal {
  status: number;
  code: string | undefined;
  said: string;
}

/** The error for an answer that is not a success. */
export function statusError(
  { status, code, said }: Refusal,
  { doing, repo, writes = false }: Subject,
  connection: HubConnection,
): QuantsmithError {
  const page = `${connection.endpoint}/${repo}`;
  const access = writes ? "write" : "read";
  const token = connection.hasToken ? "Check the token in HF_TOKEN" : `Set HF_TOKEN to a token that may ${access} it`;
  if (code === "GatedRepo") {
    return new QuantsmithError("QS-HUB-GATED", `${doing}: access to ${repo} must be granted first (${status})`, {
      remedy: `Ask for access at ${page}, then run again with HF_TOKEN set to a token of the same account.`,
    });
  }
  if (status === 401) {
    return new QuantsmithError("QS-HUB-UNAUTHORIZED", `${doing}: ${repo} is private or does not exist (401)`, {
      remedy: `${token}, and check the name: ${page}`,
    });
  }
  if (status === 403) {
    return new QuantsmithError("QS-HUB-FORBIDDEN", `${doing}: the Hub refuses access to ${repo} (403)`, {
      remedy: `${token}; a fine-grained token needs ${access} access to this repository.`,
    });
  }
  if (status === 404 && code === "RevisionNotFound") {
    return new QuantsmithError("QS-HUB-REVISION", `${doing}: ${repo} has no such revision`, {
      remedy: `Check the revision against the branches, tags and commits at ${page}/tree/main`,
    });
  }
  if (status === 404 || status === 410) {
    const what = code === "EntryNotFound" ? `${repo} has no such file` : `${repo} does not exist`;
    return new QuantsmithError("QS-HUB-MISSING", `${doing}: ${what}`, {
      remedy: `Check the name: ${page}${connection.hasToken ? "" : "; a private repository needs HF_TOKEN"}`,
    });
  }
  if (status === 429) {
    return new QuantsmithError("QS-HUB-RATE-LIMIT", `${doing}: the Hub limits how often ${repo} may be asked (429)`, {
      remedy: `Run again later; what has arrived is kept.${connection.hasToken ? "" : " With HF_TOKEN the limit is higher."}`,
    });
  }
  const words = said === "" ? "" : `: ${connection.quote(said)}`;
  return new QuantsmithError("QS-HUB-FAILED", `${doing}: the Hub answered ${status} for ${repo}${words}`, {
    remedy: "Run again later; what has arrived is kept.",
  });
}

/** The error for a storage server that the Hub sends us to and that does not give what it should. */
export function storageError(status: number, { doing }: Subject): QuantsmithError {
  return new QuantsmithError("QS-HUB-FAILED", `${doing}: the Hub's storage answered ${status}`, {
    remedy: "Run again later; what has arrived is kept.",
  });
}

const unreachable = new Set(["ENOTFOUND", "EAI_AGAIN", "ENETUNREACH", "EHOSTUNREACH", "ENETDOWN", "ECONNREFUSED"]);

/** The error for a connection that could not be made or broke. */
export function networkError(cause: unknown, { doing }: Subject): QuantsmithError {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code ?? "";
  const reason = cause instanceof Error ? redact(cause.message) : String(cause);
  if (unreachable.has(code)) {
    return new QuantsmithError("QS-HUB-OFFLINE", `${doing}: the Hub cannot be reached: ${reason}`, {
      remedy: "Check the network and HF_ENDPOINT. With HF_HUB_OFFLINE=1 only the cache is used.",
      cause,
    });
  }
  return new QuantsmithError("QS-HUB-NETWORK", `${doing}: the connection broke: ${reason}`, {
    remedy: "Check the network, then run again; what has arrived is kept.",
    cause,
  });
}

/** The error for an answer that no Hub should give. */
export function invalidResponse({ doing }: Subject, what: string): QuantsmithError {
  return new QuantsmithError("QS-HUB-ANSWER", `${doing}: ${what}`, {
    remedy: "Check HF_ENDPOINT and whatever stands between here and the Hub, then run again.",
  });
}

/** The error for what the cache lacks while `HF_HUB_OFFLINE` forbids to ask for it. */
export function offlineError(what: string): QuantsmithError {
  return new QuantsmithError("QS-HUB-OFFLINE", `HF_HUB_OFFLINE is set and the cache lacks ${what}`, {
    remedy: "Run once without HF_HUB_OFFLINE, or point HF_HUB_CACHE to a cache that has it.",
  });
}
