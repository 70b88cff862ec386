import * as z from "zod";
import type { Signer } from "./read-signature.js";
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
  /** The signer in certificates for this token, as far as it is known: Fulcio decides by its own settings of the issuer. */
  signer: Partial<Signer>;
}

/**
 * Returns the identity of the environment: `SIGSTORE_ID_TOKEN`, or the token that GitHub Actions issues for this job.
 * Rejects with an Error if the service answers otherwise, too slowly or with too much, if the token names nobody, or with
 * the reason of `signal`.
 */
export async function readIdentity(signal: AbortSignal, env: NodeJS.ProcessEnv = process.env): Promise<Identity> {
  const token = env.SIGSTORE_ID_TOKEN || (await requestToken(signal, env));
  const claims = claimsOf(token);
  return { token, subject: subjectOf(claims), signer: signerOf(claims) };
}

async function requestToken(signal: AbortSignal, env: NodeJS.ProcessEnv): Promise<string> {
  const url = new URL(env.ACTIONS_ID_TOKEN_REQUEST_URL ?? "");
  url.searchParams.set("audience", audience);
  const headers = { accept: "application/json", authorization: `Bearer ${env.ACTIONS_ID_TOKEN_REQUEST_TOKEN}` };
  const request = { service: "the token service", url, headers };
  return (await requestJson(request, z.object({ value: z.string().min(1) }), signal)).value;
}

function claimsOf(token: string): unknown {
  try {
    return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
  } catch {
    return undefined;
  }
}

const subject = z.union([
  z.object({ email: z.string().min(1), email_verified: z.literal(true) }).transform(({ email }) => email),
  z.object({ email: z.undefined().optional(), sub: z.string().min(1) }).transform(({ sub }) => sub),
]);

/** Returns the claim whose signature shows Fulcio that the signer has the key. */
function subjectOf(claims: unknown): string {
  const { data } = subject.safeParse(claims);
  if (data === undefined) throw new Error("the token is not an OpenID Connect token with a subject");
  return data;
}

const text = z.string().optional().catch(undefined);
const named = z.object({
  ...{ iss: text, email: text, sub: text, job_workflow_ref: text, ci_config_ref_uri: text },
  federated_claims: z.object({ connector_id: text }).optional().catch(undefined),
});

/** Returns the names that Fulcio's public instance takes from a token: of addresses, GitHub, GitLab and URIs. */
function signerOf(claims: unknown): Partial<Signer> {
  const { iss, email, sub, job_workflow_ref, ci_config_ref_uri, federated_claims } = named.parse(claims);
  const isGitHub = iss?.startsWith("https://token.actions.githubusercontent.com") === true;
  const workflow = isGitHub && job_workflow_ref ? `https://github.com/${job_workflow_ref}` : undefined;
  const pipeline = ci_config_ref_uri ? `https://${ci_config_ref_uri}` : undefined;
  const identity = email ?? workflow ?? pipeline ?? uriOf(sub);
  const issuer = federated_claims === undefined ? iss : uriOf(federated_claims.connector_id);
  return { ...(identity && { identity }), ...(issuer && { issuer }) };
}

function uriOf(claim: string | undefined): string | undefined {
  return claim?.includes("://") ? claim : undefined;
}
