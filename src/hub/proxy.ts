import type { Agent } from "node:http";
import { QuantsmithError } from "../util/errors.js";
import { redactAddress } from "../util/redact.js";
import { isLoopback } from "./address.js";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Returns a function that resolves to the agent for an address: a tunnel through the proxy of `HTTPS_PROXY` or
 * `ALL_PROXY`, or undefined for a direct connection. `NO_PROXY` lists hosts as in curl, and this machine needs no proxy.
 * Lower-case names take precedence. The function throws QS-HUB-PROXY for an invalid proxy.
 */
export function proxyAgents(env: Environment): (url: URL) => Promise<Agent | undefined> {
  const setting = (name: string) => env[name.toLowerCase()] || env[name] || undefined;
  const proxy = setting("HTTPS_PROXY") ?? setting("ALL_PROXY");
  const direct = (setting("NO_PROXY") ?? "").split(/[\s,]+/).filter((entry) => entry !== "");
  let agent: Promise<Agent> | undefined;
  return async (url) => {
    if (proxy === undefined || isLoopback(url) || direct.some((entry) => matches(entry, url))) return undefined;
    agent ??= tunnel(proxy);
    return agent;
  };
}

async function tunnel(proxy: string): Promise<Agent> {
  // curl accepts an address without a scheme.
  const address = proxy.includes("://") ? proxy : `http://${proxy}`;
  if (!isProxy(address)) {
    throw new QuantsmithError("QS-HUB-PROXY", `the proxy ${redactAddress(address)} is not supported`, {
      remedy:
        "Set `HTTPS_PROXY` to an http:// or https:// address, with `@`, `/`, `?`, `#` and `%` of a password as `%40`, `%2F`, `%3F`, `%23` and `%25`; or add the host to `NO_PROXY`.",
    });
  }
  // Loaded only for a proxy.
  const { HttpsProxyAgent } = await import("https-proxy-agent");
  return new HttpsProxyAgent(address, { keepAlive: true });
}

/** False for an address whose password ends the host, whose name would be a part of it, or cannot be decoded. */
function isProxy(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, username, password, pathname, search, hash } = new URL(address);
  return canDecode(username + password) && /^https?:$/.test(protocol) && !`${pathname}${search}${hash}`.includes("@");
}

/** False for a `%` that starts no code, at which the agent would throw. */
function canDecode(text: string): boolean {
  try {
    return decodeURIComponent(text) !== undefined;
  } catch {
    return false;
  }
}

/** True if an entry of `NO_PROXY` contains the host: `*`, a host, or a domain with all hosts below it; with or without a port. */
function matches(entry: string, { hostname, port, protocol }: URL): boolean {
  if (entry === "*") return true;
  const [, name = "", only] = /^\*?\.?(.*?)(?::(\d+))?$/.exec(entry.toLowerCase()) ?? [];
  const actual = port || (protocol === "https:" ? "443" : "80");
  return (only === undefined || only === actual) && (hostname === name || hostname.endsWith(`.${name}`));
}
