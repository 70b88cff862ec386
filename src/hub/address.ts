import { isLocalAddress, isLocalName } from "./local-address.js";

/** Returns true for a loopback address, where plain http is safe. */
export function isLoopback({ hostname }: URL): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

/** Returns true for a valid endpoint: https, or http on this machine, without credentials, query or fragment. */
export function isEndpoint(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  // With `/` in a password, which is not encoded, the user would be the host, and the rest of the password a path.
  if (url.pathname.includes("@")) return false;
  const plain = url.username === "" && url.password === "" && url.search === "" && url.hash === "";
  return plain && (url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url)));
}

/** Returns true for a host that is this machine or its network segment, in any spelling. `request` checks what others resolve to. */
function isLocal({ hostname }: URL): boolean {
  const host = hostname.replace(/^\[|\]$|\.$/g, "");
  return isLocalAddress(host) ?? isLocalName(host);
}

/**
 * Returns true for a safe redirect target of `endpoint`: https without credentials. Plain http and local addresses are
 * allowed only for a loopback endpoint, so that a remote server cannot redirect to local services.
 */
export function isRedirectTarget(url: URL, endpoint: string): boolean {
  if (url.username !== "" || url.password !== "") return false;
  if (isLoopback(new URL(endpoint))) return url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url));
  return url.protocol === "https:" && !isLocal(url);
}

/**
 * Returns true for an address that a server chose, whose name must not resolve to this machine: any on another host than the
 * endpoint's, unless that is a loopback one.
 */
export function mustBeRemote(url: URL, endpoint: string): boolean {
  const own = new URL(endpoint);
  return !isLoopback(own) && url.hostname !== own.hostname;
}

/** Returns the address of a file at a commit. */
export function fileAddress(endpoint: string, repo: string, commit: string, path: string): URL {
  return new URL(`${endpoint}/${repo}/resolve/${commit}/${path.split("/").map(encodeURIComponent).join("/")}`);
}
