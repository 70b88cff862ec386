import { repoId } from "../hub/hub-ref.js";
import { hubUrl } from "../hub/hub-url.js";

/**
 * Returns the URL of a licence. Resolves a path against the base repository, since a release does not contain the file.
 * Null for a path without a repository or out of it, and for an address that is not a web page's or contains a user name.
 */
export function licenseUrl(link: string | null, repo: string | null): string | null {
  if (link === null) return null;
  return /^[a-z][a-z0-9+.-]*:/i.test(link) ? webAddress(link) : fileAddress(link, repo);
}

function webAddress(link: string): string | null {
  if (!URL.canParse(link)) return null;
  const { protocol, username, password, href } = new URL(link);
  if (!/^https?:$/.test(protocol) || username !== "" || password !== "") return null;
  return href === `${link}/` ? link : href;
}

function fileAddress(link: string, repo: string | null): string | null {
  const path = link.toWellFormed().replace(/^(\.?\/)+/, "");
  const parts = path.split("/");
  if (repo === null || !repoId.test(repo) || parts.some((part) => /^\.{0,2}$/.test(part))) return null;
  return hubUrl(repo, `/blob/main/${parts.map(encodeURIComponent).join("/")}`);
}
