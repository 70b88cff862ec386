/** True for an address of this machine, where plain http is safe enough. */
function isLoopback({ hostname }: URL): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

/** An address that may be an endpoint: https, or http on this machine; no name and password in it, no query. */
export function isEndpoint(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  const plain = url.username === "" && url.password === "" && url.search === "" && url.hash === "";
  return plain && (url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url)));
}

/**
 * True where a redirect from `endpoint` may lead: https, and nothing that carries a name and password. Plain http and
 * this machine itself are for an endpoint on this machine only: a far server must not point us at local services.
 */
export function isRedirectTarget(url: URL, endpoint: string): boolean {
  if (url.username !== "" || url.password !== "") return false;
  if (isLoopback(new URL(endpoint))) return url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url));
  return url.protocol === "https:" && !isLoopback(url);
}

/** The address of one file at a commit. */
export function fileAddress(endpoint: string, repo: string, commit: string, path: string): URL {
  return new URL(`${endpoint}/${repo}/resolve/${commit}/${path.split("/").map(encodeURIComponent).join("/")}`);
}
