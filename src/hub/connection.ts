import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { QuantsmithError } from "../util/errors.js";

/** How to reach the Hub. The token goes to this endpoint only; never print a connection. */
export interface HubConnection {
  endpoint: string;
  token: string | undefined;
}

const defaultEndpoint = "https://huggingface.co";

/**
 * Reads `HF_ENDPOINT`, `HF_TOKEN` and the token file that `hf auth login` writes.
 * Errors: QS-HUB-ENDPOINT for an endpoint that is neither https nor on this machine.
 */
export function hubConnection(): HubConnection {
  const endpoint = (process.env.HF_ENDPOINT || defaultEndpoint).replace(/\/+$/, "");
  if (!isAllowed(endpoint)) {
    throw new QuantsmithError("QS-HUB-ENDPOINT", `HF_ENDPOINT is ${JSON.stringify(endpoint)}`, {
      remedy: "Use an https:// address; plain http:// is accepted for this machine only.",
    });
  }
  return { endpoint, token: process.env.HF_TOKEN?.trim() || readTokenFile() };
}

function isAllowed(endpoint: string): boolean {
  if (!URL.canParse(endpoint)) return false;
  const { protocol, hostname } = new URL(endpoint);
  const loopback = hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
  return protocol === "https:" || (protocol === "http:" && loopback);
}

function readTokenFile(): string | undefined {
  const folder = process.env.HF_HOME || join(homedir(), ".cache", "huggingface");
  try {
    return readFileSync(process.env.HF_TOKEN_PATH || join(folder, "token"), "utf8").trim() || undefined;
  } catch {
    return undefined;
  }
}
