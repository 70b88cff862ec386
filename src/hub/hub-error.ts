import { HubApiError } from "@huggingface/hub";
import { QuantsmithError } from "../util/errors.js";
import { redact } from "../util/redact.js";

/** Gives what went wrong while reading a repository a code and a remedy. */
export function asHubError(error: unknown, doing: string, repo: string): QuantsmithError {
  if (error instanceof QuantsmithError) return error;
  if (error instanceof HubApiError) {
    const status = error.statusCode;
    if (status === 401 || status === 403) {
      return new QuantsmithError("QS-HUB-ACCESS", `${doing}: the Hub refuses access to ${repo} (${status})`, {
        remedy: "Ask for access on the repository's page if it is gated, and set HF_TOKEN to a token that may read it.",
      });
    }
    if (status === 404) {
      return new QuantsmithError("QS-HUB-MISSING", `${doing}: ${repo} or its revision does not exist`, {
        remedy: "Check the name and the revision; a private repository needs HF_TOKEN.",
      });
    }
    return new QuantsmithError("QS-HUB-FAILED", `${doing}: the Hub answered ${status} for ${repo}`, {
      remedy: "Run again later; finished steps are kept.",
    });
  }
  const reason = error instanceof Error ? `${error.message} ${(error.cause as Error | undefined)?.message ?? ""}` : "";
  return new QuantsmithError("QS-HUB-NETWORK", `${doing}: the Hub cannot be reached: ${redact(reason).trim()}`, {
    remedy: "Check the network and HF_ENDPOINT, then run again; finished steps are kept.",
    cause: error,
  });
}
