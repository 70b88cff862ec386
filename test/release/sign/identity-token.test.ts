import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { readIdentity } from "../../../src/release/sign/identity-token.js";

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** Starts a token service and returns the environment of a job that uses it. */
async function jobWith(answer: RequestListener): Promise<NodeJS.ProcessEnv> {
  const started = createServer(answer);
  server = started;
  await new Promise<void>((resolve) => started.listen(0, "127.0.0.1", resolve));
  const { port } = started.address() as AddressInfo;
  return {
    ACTIONS_ID_TOKEN_REQUEST_URL: `http://127.0.0.1:${port}/token?job=1`,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: "canary",
  };
}
const never = new AbortController().signal;
const tokenOf = (claims: object) => `a.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.c`;

test("the job's token is requested for Sigstore; one in the environment comes first", async () => {
  let asked: (string | undefined)[] = [];
  const env = await jobWith((request, response) => {
    asked = [request.url, request.headers.authorization];
    response.end(JSON.stringify({ value: tokenOf({ sub: "job" }), count: 1 }));
  });
  expect(await readIdentity(never, env)).toEqual({ token: tokenOf({ sub: "job" }), subject: "job", signer: {} });
  expect(asked).toEqual(["/token?job=1&audience=sigstore", "Bearer canary"]);
  const SIGSTORE_ID_TOKEN = tokenOf({ sub: "7", email: "me@example.org", email_verified: true });
  expect(await readIdentity(never, { ...env, SIGSTORE_ID_TOKEN })).toMatchObject({ subject: "me@example.org" });
});

test.each([
  [
    "GitHub",
    { sub: "repo:me/m:ref:refs/heads/main", job_workflow_ref: "me/m/.github/workflows/r.yml@refs/heads/main" },
    "https://token.actions.githubusercontent.com",
    { identity: "https://github.com/me/m/.github/workflows/r.yml@refs/heads/main" },
  ],
  [
    "GitLab",
    {
      sub: "project_path:me/m:ref_type:branch:ref:main",
      ci_config_ref_uri: "gitlab.com/me/m//.gitlab-ci.yml@refs/heads/main",
    },
    "https://gitlab.com",
    { identity: "https://gitlab.com/me/m//.gitlab-ci.yml@refs/heads/main" },
  ],
  [
    "an address",
    { sub: "7", email: "me@example.org", email_verified: true },
    "https://accounts.google.com",
    { identity: "me@example.org" },
  ],
  ["a URI", { sub: "spiffe://example.org/job" }, "https://example.org", { identity: "spiffe://example.org/job" }],
  ["another kind", { sub: "system:serviceaccount:me:job" }, "https://example.org", {}],
])(
  "the signer of a token of %s is known as far as Fulcio's public instance names it",
  async (_what, claims, iss, named) => {
    const { signer } = await readIdentity(never, { SIGSTORE_ID_TOKEN: tokenOf({ iss, ...claims }) });
    expect(signer).toEqual({ ...named, issuer: iss });
  },
);

test("the signer of a federated token has the issuer of its connector, if that is an address", async () => {
  const signerOf = async (connector_id: string) => {
    const email = { email: "me@example.org", email_verified: true };
    const claims = { iss: "https://oauth2.sigstore.dev/auth", sub: "7", ...email, federated_claims: { connector_id } };
    return (await readIdentity(never, { SIGSTORE_ID_TOKEN: tokenOf(claims) })).signer;
  };
  const issuer = "https://github.com/login/oauth";
  expect(await signerOf(issuer)).toEqual({ identity: "me@example.org", issuer });
  expect(await signerOf("ldap")).toEqual({ identity: "me@example.org" });
});

test.each(["own", "a.b.c", tokenOf({}), tokenOf({ sub: "7", email: "me@example.org", email_verified: false })])(
  "a token without a subject is an error: %s",
  async (SIGSTORE_ID_TOKEN) => {
    await expect(readIdentity(never, { SIGSTORE_ID_TOKEN })).rejects.toThrow("with a subject");
  },
);

test.each<[string, RegExp, RequestListener]>([
  ["an error", /answers 403/, (_request, response) => response.writeHead(403).end("no")],
  ["a redirect", /answers 302/, (_request, response) => response.writeHead(302, { location: "/other" }).end()],
  ["no JSON", /answers nonsense/, (_request, response) => response.end("<html>")],
  ["no token", /answers nonsense/, (_request, response) => response.end('{"value":7}')],
  [
    "an endless answer",
    /larger than 65536 bytes/,
    (_request, response) => {
      const more = () => response.write("x".repeat(65_536), () => setImmediate(more));
      more();
    },
  ],
])("%s of the token service is an error", async (_what, message, answer) => {
  await expect(readIdentity(never, await jobWith(answer))).rejects.toThrow(message);
});

test("a service that does not answer is left when the user interrupts", async () => {
  const stop = new AbortController();
  const env = await jobWith(() => stop.abort(new Error("interrupted")));
  await expect(readIdentity(stop.signal, env)).rejects.toThrow("interrupted");
});
