import * as z from "zod";
import { requestJson } from "./service-request.js";

/** For whom a token of GitHub Actions is. */
const audience = "sigstore";

/** Whether the environment can provide an identity. */
export function hasIdentity(env: NodeJS.ProcessEnv): boolean {
  const { ACTIONS_ID_TOKEN_REQUEST_URL, ACTIONS_ID_TOKEN_REQUEST_TOKEN, SIGSTORE_ID_TOKEN } = env;
  return Boolean(SIGSTORE_ID_TOKEN || (ACTIONS_ID_TOKEN_REQUEST_URL && ACTIONS_ID_TOKEN_REQUEST_TOKEN));
}

/** An OpenID Connect token, and whom it names: an address, or a workflow. */
export interface Identity {
  token: string;
  subject: string;
}

/**
 * Returns the identity of the environment: `SIGSTORE_ID_TOKEN`, or the token that GitHub Actions issues for this job.
 * Rejects with an Error if the service answers otherwise, too slowly or with too much, if the token names nobody, or with
 * the reason of `signal`.
 */
export async function readIdentity(signal: AbortSignal, env: NodeJS.ProcessEnv = process.env): Promise<Identity> {
  const token = env.SIGSTORE_ID_TOKEN || (await requestToken(signal, env));
  return { token, subject: subjectOf(token) };
}

async function requestToken(signal: AbortSignal, env: NodeJS.ProcessEnv): Promise<string> {
  const url = new URL(env.ACTIONS_ID_TOKEN_REQUEST_URL ?? "");
  url.searchParams.set("audience", audience);
  const headers = { accept: "application/json", authorization: `Bearer ${env.ACTIONS_ID_TOKEN_REQUEST_TOKEN}` };
  const request = { service: "the token service", url, headers };
  return (await requestJson(request, z.object({ value: z.string().min(1) }), signal)).value;
}

const claims = z.union([
  z.object({ email: z.string().min(1), email_verified: z.literal(true) }).transform(({ email }) => email),
  z.object({ email: z.undefined().optional(), sub: z.string().min(1) }).transform(({ sub }) => sub),
]);

/** Returns the claim whose signature shows Fulcio that the signer has the key. */
function subjectOf(token: string): string {
  try {
    return claims.parse(JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8")));
  } catch {
    throw new Error("the token is not an OpenID Connect token with a subject");
  }
}
