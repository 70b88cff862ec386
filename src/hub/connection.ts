import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { QuantsmithError } from "../util/errors.js";
import { quote } from "../util/quote.js";
import { redact } from "../util/redact.js";
import { isEndpoint } from "./address.js";
import { defaultLimits, type HubLimits } from "./limits.js";
import { RateLimiter } from "./rate-limiter.js";

/** How to reach the Hub. The token itself cannot be read from it, only sent to where it belongs. */
export interface HubConnection {
  /** Without a slash at its end. */
  readonly endpoint: string;
  readonly hasToken: boolean;
  /** `HF_HUB_OFFLINE`: nothing is asked, everything comes from the cache. */
  readonly offline: boolean;
  /** The Hugging Face cache that Python's tools use too; absolute, may not exist yet. */
  readonly cacheFolder: string;
  readonly limits: HubLimits;
  readonly rateLimiter: RateLimiter;
  /** The headers that tell who asks: the token for the endpoint's own origin, nothing for any other. */
  identify(url: URL): Record<string, string>;
  /** Text of a server, which may repeat what it was told, without the token: one line, at most 300 characters. */
  quote(text: string): string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const defaultEndpoint = "https://huggingface.co";

/**
 * Reads `HF_ENDPOINT`, `HF_TOKEN` or the token file that `hf auth login` writes, `HF_HUB_CACHE`, `HF_HOME` and
 * `HF_HUB_OFFLINE`, as Python's huggingface_hub does.
 * Errors: QS-HUB-ENDPOINT for an endpoint that is neither https nor on this machine, QS-HUB-TOKEN.
 */
export function hubConnection(env: Environment = process.env, limits: Partial<HubLimits> = {}): HubConnection {
  const endpoint = (env.HF_ENDPOINT || defaultEndpoint).replace(/\/+$/, "");
  if (!isEndpoint(endpoint)) {
    throw new QuantsmithError("QS-HUB-ENDPOINT", `HF_ENDPOINT is ${quote(redact(endpoint))}`, {
      remedy: "Use a plain https:// address; http:// is accepted for this machine only.",
    });
  }
  const home = resolve(expand(env.HF_HOME) || join(env.XDG_CACHE_HOME || join(homedir(), ".cache"), "huggingface"));
  const token = env.HF_TOKEN?.trim() || readTokenFile(expand(env.HF_TOKEN_PATH) || join(home, "token"));
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token)) {
    throw new QuantsmithError("QS-HUB-TOKEN", "the Hub token holds characters that no token has", {
      remedy: "Set HF_TOKEN to the token alone, or log in again with `hf auth login`.",
    });
  }
  const { origin } = new URL(endpoint);
  return {
    endpoint,
    hasToken: token !== undefined,
    offline: /^(1|on|yes|true)$/i.test(env.HF_HUB_OFFLINE ?? ""),
    cacheFolder: resolve(expand(env.HF_HUB_CACHE) || join(home, "hub")),
    limits: { ...defaultLimits, ...limits },
    rateLimiter: new RateLimiter(),
    quote: (text) => oneLine(redact(token === undefined ? text : text.replaceAll(token, "[redacted]"))),
    identify: (url) => (token !== undefined && url.origin === origin ? { authorization: `Bearer ${token}` } : {}),
  };
}

function oneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, " ").slice(0, 300);
}

function expand(path: string | undefined): string {
  return (path ?? "").replace(/^~(?=\/|$)/, homedir());
}

function readTokenFile(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim() || undefined;
  } catch {
    return undefined;
  }
}
