import { hubUrl } from "../hub/hub-url.js";

/**
 * Address of a licence. A card may name a file of its own repository, which a release does not hold; null when there is
 * no repository either.
 */
export function licenseUrl(link: string | null, repo: string | null): string | null {
  if (link === null || /^https?:\/\//.test(link)) return link;
  const path = link.replace(/^(\.?\/)+/, "");
  return repo === null ? null : encodeURI(hubUrl(repo, `/blob/main/${path}`));
}
