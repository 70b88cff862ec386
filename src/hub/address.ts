import { BlockList, isIP } from "node:net";

/** Addresses of this machine and of its network segment, where clouds answer with credentials of the machine. */
const localAddresses = new BlockList();
localAddresses.addSubnet("0.0.0.0", 8);
localAddresses.addSubnet("127.0.0.0", 8);
localAddresses.addSubnet("169.254.0.0", 16);
localAddresses.addSubnet("::", 127, "ipv6");
localAddresses.addSubnet("fe80::", 10, "ipv6");

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

/** Returns true for a host that is this machine or its network segment, in any spelling. */
function isLocal({ hostname }: URL): boolean {
  const host = hostname.replace(/^\[|\]$|\.$/g, "");
  const version = isIP(host);
  if (version === 0) return /(?:^|\.)localhost$/.test(host);
  return localAddresses.check(host, version === 4 ? "ipv4" : "ipv6");
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

/** Returns the address of a file at a commit. */
export function fileAddress(endpoint: string, repo: string, commit: string, path: string): URL {
  return new URL(`${endpoint}/${repo}/resolve/${commit}/${path.split("/").map(encodeURIComponent).join("/")}`);
}
