import { parseHubRef } from "../hub/hub-ref.js";
import { QuantsmithError } from "../util/errors.js";
import { quote } from "../util/quote.js";

/** Returns the repository and revision of a release on the Hub; undefined for a folder. Errors: QS-VERIFY-TARGET. */
export function hubRelease(release: string): { repo: string; revision: string } | undefined {
  if (!release.startsWith("hf:")) return undefined;
  const ref = parseHubRef(release);
  if (ref !== undefined) return { revision: "main", ...ref };
  throw new QuantsmithError("QS-VERIFY-TARGET", `${quote(release)} is not a repository`, {
    remedy: "Write `hf:org/name`, or `hf:org/name@revision` for a branch, a tag or a commit.",
  });
}
