import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import https from "node:https";
import { type AddressInfo, connect } from "node:net";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { hubConnection } from "../../src/hub/connection.js";
import { TemporaryFailure } from "../../src/hub/hub-error.js";
import { proxyAgents } from "../../src/hub/proxy.js";
import { readBody } from "../../src/hub/read-body.js";
import { get } from "../../src/hub/request.js";
import { QuantsmithError } from "../../src/util/errors.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

/*
 * A real proxy between this process and an https server with a certificate that no authority has signed. The name
 * hub.example does not resolve: only the proxy reaches the server.
 */
const home = temporaryFolder();
const pem = (name: string) => readFileSync(new URL(`../fixtures/tls/${name}.pem`, import.meta.url));
const subject = { doing: "listing main of org/model", repo: "org/model" };
const signal = new AbortController().signal;
let hub: https.Server;
let proxy: Server;
let status: number;
/** Targets and credentials that the proxy was asked for. */
let tunnels: string[];

beforeEach(async () => {
  status = 200;
  tunnels = [];
  hub = https.createServer({ key: pem("key"), cert: pem("certificate") }, (_request, response) => response.end("{}"));
  proxy = createServer();
  proxy.on("connect", (request, socket) => {
    tunnels.push(`${request.headers["proxy-authorization"] ?? "nobody"} ${request.url}`);
    if (status !== 200) return socket.end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\n\r\n`);
    const upstream = connect((hub.address() as AddressInfo).port, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      upstream.pipe(socket).pipe(upstream);
    });
    upstream.on("error", () => socket.destroy());
    socket.on("error", () => upstream.destroy());
  });
  for (const server of [hub, proxy]) await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
});
afterEach(() => {
  vi.unstubAllEnvs();
  hub.closeAllConnections();
  for (const server of [hub, proxy]) server.close();
});

const proxyAddress = (user = "") => `http://${user}127.0.0.1:${(proxy.address() as AddressInfo).port}`;

async function request(env: Record<string, string>): Promise<string> {
  const connection = hubConnection({ HF_ENDPOINT: "https://hub.example", HF_HOME: home, ...env });
  const answer = await get(connection, { url: new URL("https://hub.example/api"), headers: {}, subject, signal });
  return (await readBody(answer, 100, subject)).toString();
}

async function failure(env: Record<string, string>): Promise<QuantsmithError> {
  const error = await request(env).catch((reason: unknown) => reason);
  // Retries do not help.
  expect(error).not.toBeInstanceOf(TemporaryFailure);
  expect(error).toBeInstanceOf(QuantsmithError);
  return error as QuantsmithError;
}

test("requests pass through the proxy in a tunnel, with its credentials", async () => {
  vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
  expect(await request({ HTTPS_PROXY: proxyAddress("me:secret@") })).toBe("{}");
  expect(tunnels).toEqual([`Basic ${Buffer.from("me:secret").toString("base64")} hub.example:443`]);
});

test("a certificate that is not trusted is an error with the variable that adds an authority", async () => {
  const error = await failure({ HTTPS_PROXY: proxyAddress() });
  expect(error.code).toBe("QS-HUB-CERTIFICATE");
  expect(error.message).toContain("DEPTH_ZERO_SELF_SIGNED_CERT");
  expect(error.remedy).toContain("`NODE_EXTRA_CA_CERTS`");
});

test("a refusal of the proxy is not taken for a response of the Hub", async () => {
  status = 407;
  const error = await failure({ https_proxy: proxyAddress() });
  expect([error.code, error.message]).toEqual([
    "QS-HUB-PROXY",
    "listing main of org/model: the proxy refused the connection (407)",
  ]);
  expect(error.remedy).toContain("`HTTPS_PROXY`");
});

test("an invalid proxy is an error without its password", async () => {
  const error = await failure({ ALL_PROXY: "socks5://me:secret@proxy.example" });
  expect([error.code, error.message]).toEqual([
    "QS-HUB-PROXY",
    "the proxy socks5://[redacted]@proxy.example is not supported",
  ]);
});

test.each([
  "http://me:s3cr3t%zz@proxy.example",
  "http://me:s3cr3t%ff@proxy.example",
  "http://me:s3cr3t/x@proxy.example",
  "me:p@s3cr3t/x@proxy.example",
  "http://me:p@s3cr3t#x@proxy.example",
])("a password that ends the host in %s is an error without it, not a host to connect to", async (address) => {
  const error = await failure({ HTTPS_PROXY: address });
  expect([error.code, error.message]).toEqual([
    "QS-HUB-PROXY",
    "the proxy http://[redacted]@proxy.example is not supported",
  ]);
  expect(error.remedy).toContain("%40");
});

test.each([
  ["*", "https://hub.example/", false],
  ["hub.example", "https://hub.example/", false],
  [".example", "https://hub.example/", false],
  ["other.example, example:443", "https://hub.example/", false],
  ["example:8443", "https://hub.example/", true],
  ["ample", "https://hub.example/", true],
  ["", "https://localhost:8443/", false],
  ["", "https://127.0.0.1/", false],
  ["", "https://hub.example/", true],
])("NO_PROXY=%s: %s through the proxy: %s", async (noProxy, address, proxied) => {
  const agent = await proxyAgents({ HTTPS_PROXY: "proxy.example:3128", NO_PROXY: noProxy })(new URL(address));
  expect(agent !== undefined).toBe(proxied);
});
