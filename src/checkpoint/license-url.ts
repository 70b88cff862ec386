import { hubUrl } from "../hub/hub-url.js";

/**
 * Returns the URL of a licence. Resolves a path against the base repository, since a release does not contain the file;
 * null without a repository.
 */
export function licenseUrl(link: string | null, repo: string | null): string | null {
  if (link === null || /^https?:\/\//.test(link)) return link;
  const path = link.replace(/^(\.?\/)+/, "");
  return repo === null ? null : encodeURI(hubUrl(repo, `/blob/main/${path}`));
}
