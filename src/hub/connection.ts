import type { Agent } from "node:http";
import { join, resolve } from "node:path";
import { QuantsmithError } from "../util/errors.js";
import { homeFolder } from "../util/home-folder.js";
import { quote } from "../util/quote.js";
import { redact, redactAddress, redactAlways } from "../util/redact.js";
import { isEndpoint } from "./address.js";
import { defaultLimits, type HubLimits } from "./limits.js";
import { proxyAgents } from "./proxy.js";
import { RateLimiter } from "./rate-limiter.js";
import { readTokenFile } from "./token-file.js";

/** A connection to the Hub. The token cannot be read from it, only sent to addresses below the endpoint. */
export interface HubConnection {
  /** Without a trailing slash. */
  readonly endpoint: string;
  readonly hasToken: boolean;
  /** `HF_HUB_DISABLE_IMPLICIT_TOKEN`: a token that may exist is neither read nor sent. */
  readonly withholdsToken: boolean;
  /** `HF_HUB_OFFLINE` or `TRANSFORMERS_OFFLINE`: no requests, only the cache is used. */
  readonly offline: boolean;
  /** The Hugging Face cache, shared with Python's tools; absolute, may not exist yet. */
  readonly cacheFolder: string;
  readonly limits: HubLimits;
  readonly rateLimiter: RateLimiter;
  /** Returns the agent of the proxy for an address; undefined for a direct connection. Errors: QS-HUB-PROXY. */
  agentFor(url: URL): Promise<Agent | undefined>;
  /** Returns the authorization header for addresses below the endpoint, and no headers for any other. */
  authorize(url: URL): Record<string, string>;
  /** Returns a server's text for a message, redacted: one line, at most 300 characters. */
  quote(text: string): string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const defaultEndpoint = "https://huggingface.co";

/**
 * Returns a connection to read. Reads `HF_ENDPOINT`, `HF_TOKEN` or its older name `HUGGING_FACE_HUB_TOKEN`, or the token file
 * that `hf auth login` writes, `HF_HUB_DISABLE_IMPLICIT_TOKEN`, `HF_HUB_CACHE`, `HF_HOME`, and `HF_HUB_OFFLINE` or
 * `TRANSFORMERS_OFFLINE`, as Python's huggingface_hub does, and the proxy settings.
 * Errors: QS-HUB-ENDPOINT for an endpoint that is neither https nor on this machine, QS-HUB-TOKEN.
 */
export function hubConnection(env: Environment = process.env, limits: Partial<HubLimits> = {}): HubConnection {
  return connect(env, limits, isTrue(env.HF_HUB_DISABLE_IMPLICIT_TOKEN));
}

/** Returns a connection for an action that needs the token: publishing and jobs. Otherwise as `hubConnection`. */
export function hubConnectionToWrite(env: Environment = process.env, limits: Partial<HubLimits> = {}): HubConnection {
  return connect(env, limits, false);
}

function connect(env: Environment, limits: Partial<HubLimits>, withholdsToken: boolean): HubConnection {
  const endpoint = (env.HF_ENDPOINT || defaultEndpoint).replace(/\/+$/, "");
  if (!isEndpoint(endpoint)) {
    throw new QuantsmithError(
      "QS-HUB-ENDPOINT",
      `HF_ENDPOINT is not a valid address: ${quote(redactAddress(endpoint))}`,
      {
        remedy: "Set `HF_ENDPOINT` to an https:// address without credentials; http:// works for this machine only.",
      },
    );
  }
  const home = resolve(expand(env.HF_HOME) || join(env.XDG_CACHE_HOME || join(homeFolder(), ".cache"), "huggingface"));
  const token = withholdsToken ? undefined : readToken(env, home);
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token)) {
    throw new QuantsmithError("QS-HUB-TOKEN", "the Hub token contains invalid characters", {
      remedy: "Set `HF_TOKEN` to the token only, or run `hf auth login` again.",
    });
  }
  if (token !== undefined) redactAlways(token);
  const root = new URL(endpoint);
  return {
    endpoint,
    hasToken: token !== undefined,
    withholdsToken,
    offline: isTrue(env.HF_HUB_OFFLINE || env.TRANSFORMERS_OFFLINE),
    cacheFolder: resolve(expand(env.HF_HUB_CACHE) || join(home, "hub")),
    limits: { ...defaultLimits, ...limits },
    rateLimiter: new RateLimiter(),
    agentFor: proxyAgents(env),
    quote: (text) => oneLine(redact(text)),
    authorize: (url) => (token !== undefined && isBelow(url, root) ? { authorization: `Bearer ${token}` } : {}),
  };
}

function readToken(env: Environment, home: string): string | undefined {
  const given = env.HF_TOKEN || env.HUGGING_FACE_HUB_TOKEN;
  return given?.trim() || readTokenFile(home, expand(env.HF_TOKEN_PATH));
}

function isTrue(value = ""): boolean {
  return /^(1|on|yes|true)$/i.test(value);
}

/** Whether an address is of the endpoint's origin and below its path: others of the host may be of somebody else. */
function isBelow({ origin, pathname }: URL, root: URL): boolean {
  return origin === root.origin && pathname.startsWith(root.pathname.replace(/\/*$/, "/"));
}

function oneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, " ").slice(0, 300);
}

function expand(path: string | undefined): string {
  return (path ?? "").replace(/^~(?=\/|$)/, homeFolder);
}
