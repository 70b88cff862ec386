import type { LookupOptions } from "node:dns";
import { chownSync, lchownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { Readable } from "node:stream";
import { inspect } from "node:util";
import { execaSync } from "execa";
import { beforeEach, describe, expect, test } from "vitest";
import { isRedirectTarget, mustBeRemote } from "../../src/hub/address.js";
import { hubConnection, hubConnectionToWrite } from "../../src/hub/connection.js";
import { remoteLookup } from "../../src/hub/local-address.js";
import { get, send } from "../../src/hub/request.js";
import { QuantsmithError } from "../../src/util/errors.js";
import { failureOf } from "../fixtures/failure.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const base = temporaryFolder();
const noHome = { HF_HOME: join(base, "none") };
const endpoint = "https://hub.example";

function errorOf(env: Record<string, string>): QuantsmithError {
  try {
    hubConnection({ ...noHome, ...env });
  } catch (error) {
    if (error instanceof QuantsmithError) return error;
  }
  throw new Error("the connection was accepted");
}

test.each([
  "http://hub.example",
  "http://127.0.0.1.example",
  "http://localhost.example",
  "ftp://hub.example",
  "hub.example",
  "https://user:password@hub.example",
  "htp://user:password@hub.example",
  "user:password@hub.example",
  "https://user:1/password@hub.example",
  "https://hub.example/?token=x",
])("rejects the endpoint %s without printing the password", (address) => {
  const error = errorOf({ HF_ENDPOINT: address });
  expect(error.code).toBe("QS-HUB-ENDPOINT");
  expect(error.message).not.toContain("password");
});

test.each([
  "https://hub.example",
  "http://localhost:8080",
  "http://127.0.0.1:1",
  "http://[::1]:2/",
  "https://m.example/hf/",
])("accepts the endpoint %s", (address) => {
  expect(hubConnection({ ...noHome, HF_ENDPOINT: address }).endpoint).toBe(address.replace(/\/$/, ""));
});

describe("the token", () => {
  test("is read from HF_TOKEN, HF_TOKEN_PATH, HF_HOME or XDG_CACHE_HOME", () => {
    const home = mkdtempSync(join(base, "home-"));
    mkdirSync(join(home, "huggingface"));
    writeFileSync(join(home, "huggingface", "token"), "hf_fromxdg\n");
    writeFileSync(join(home, "token"), " hf_fromhome \n");
    writeFileSync(join(home, "other"), "hf_frompath");
    const sent = (env: Record<string, string>) =>
      hubConnection({ HF_ENDPOINT: endpoint, ...env }).authorize(new URL(`${endpoint}/x`)).authorization;
    expect(sent({ XDG_CACHE_HOME: home })).toBe("Bearer hf_fromxdg");
    expect(sent({ XDG_CACHE_HOME: home, HF_HOME: home })).toBe("Bearer hf_fromhome");
    expect(sent({ HF_HOME: home, HF_TOKEN_PATH: join(home, "other") })).toBe("Bearer hf_frompath");
    expect(sent({ HF_HOME: home, HF_TOKEN: " hf_fromenv " })).toBe("Bearer hf_fromenv");
    expect(sent(noHome)).toBeUndefined();
  });

  test("is sent to the endpoint's origin only, and cannot be read from the connection", () => {
    const connection = hubConnection({ ...noHome, HF_ENDPOINT: endpoint, HF_TOKEN: "hf_secret" });
    for (const other of [
      "http://hub.example",
      "https://hub.example:444",
      "https://cdn.hub.example",
      "https://example",
    ]) {
      expect(connection.authorize(new URL(other))).toEqual({});
    }
    expect(inspect(connection, { depth: 9, showHidden: true })).not.toContain("hf_secret");
    expect(JSON.stringify(connection)).not.toContain("hf_secret");
  });

  test("is sent only below the path of an endpoint", () => {
    const env = { HF_ENDPOINT: "https://host.example/hf/", HF_TOKEN: "hf_secret" };
    const sent = (path: string) => hubConnection(env).authorize(new URL(path, "https://host.example")).authorization;
    for (const path of ["/hf/api/models/a/b", "/hf/"]) expect(sent(path)).toBe("Bearer hf_secret");
    for (const path of ["/", "/hf", "/hfx/a", "/~other/hf/", "/hf/../other"]) expect(sent(path)).toBeUndefined();
  });

  test("is read from HUGGING_FACE_HUB_TOKEN, too, after HF_TOKEN", () => {
    const sent = (env: Record<string, string>) =>
      hubConnection({ ...noHome, HF_ENDPOINT: endpoint, ...env }).authorize(new URL(`${endpoint}/x`)).authorization;
    expect(sent({ HUGGING_FACE_HUB_TOKEN: "hf_old" })).toBe("Bearer hf_old");
    expect(sent({ HUGGING_FACE_HUB_TOKEN: "hf_old", HF_TOKEN: "" })).toBe("Bearer hf_old");
    expect(sent({ HUGGING_FACE_HUB_TOKEN: "hf_old", HF_TOKEN: "hf_new" })).toBe("Bearer hf_new");
  });

  test.each(["1", "true", "YES", "on"])("is sent only to write with HF_HUB_DISABLE_IMPLICIT_TOKEN=%s", (value) => {
    const home = mkdtempSync(join(base, "home-"));
    writeFileSync(join(home, "token"), "hf_file");
    const env = { HF_ENDPOINT: endpoint, HF_HOME: home, HF_HUB_DISABLE_IMPLICIT_TOKEN: value };
    for (const token of [{}, { HF_TOKEN: "hf_env" }, { HUGGING_FACE_HUB_TOKEN: "hf_old" }]) {
      const reading = hubConnection({ ...env, ...token });
      expect(reading).toMatchObject({ hasToken: false, withholdsToken: true });
      expect(reading.authorize(new URL(`${endpoint}/x`))).toEqual({});
      expect(hubConnectionToWrite({ ...env, ...token })).toMatchObject({ hasToken: true, withholdsToken: false });
    }
    expect(hubConnection({ ...env, HF_HUB_DISABLE_IMPLICIT_TOKEN: "0" }).hasToken).toBe(true);
  });

  test.each(["hf_a\nb", "hf_a b", "hf_ä"])("%j is rejected and not printed", (token) => {
    const error = errorOf({ HF_TOKEN: token });
    expect(error.code).toBe("QS-HUB-TOKEN");
    expect(error.message + error.remedy).not.toContain(token);
  });

  test("is not read from a pipe, and no writer is waited for", () => {
    const pipe = join(temporaryFolder(), "token");
    execaSync("mkfifo", [pipe]);
    expect(errorOf({ HF_TOKEN_PATH: pipe })).toMatchObject({
      code: "QS-HUB-TOKEN",
      message: `the token file ${pipe} is a pipe`,
    });
    expect(hubConnection({ ...noHome, HF_TOKEN_PATH: "/dev/null" }).hasToken).toBe(false);
    expect(errorOf({ HF_TOKEN_PATH: "/dev/zero" })).toMatchObject({
      code: "QS-HUB-TOKEN",
      message: "the token file /dev/zero is larger than 64 KiB",
    });
  });

  describe.runIf(process.getuid?.() === 0)("in HF_HOME of several users", () => {
    const other = 65534;
    let home: string;
    let token: string;
    beforeEach(() => {
      home = mkdtempSync(join(base, "home-"));
      token = join(home, "token");
    });
    const refused = (problem: string) =>
      expect(errorOf({ HF_HOME: home })).toMatchObject({
        code: "QS-HUB-TOKEN",
        message: `the token file ${token} ${problem}`,
        remedy: expect.stringContaining("HF_TOKEN_PATH"),
      });

    test("is not read behind a link of another user; an own link is followed", () => {
      writeFileSync(join(home, "mine"), "hf_mine");
      symlinkSync("mine", token);
      lchownSync(token, other, other);
      refused("is a link of another user");
      expect(hubConnection({ HF_HOME: home, HF_TOKEN: "hf_env" }).hasToken).toBe(true);
      expect(hubConnection({ HF_HOME: home, HF_TOKEN_PATH: token }).hasToken).toBe(true);
      rmSync(token);
      symlinkSync("mine", token);
      expect(hubConnection({ HF_HOME: home }).hasToken).toBe(true);
    });

    test("is not read from a file of another user, unless the folder is that user's, as in a container", () => {
      writeFileSync(token, "hf_other");
      chownSync(token, other, other);
      refused("belongs to another user");
      expect(hubConnection({ HF_HOME: home, HF_TOKEN_PATH: token }).hasToken).toBe(true);
      chownSync(home, other, other);
      expect(hubConnection({ HF_HOME: home }).hasToken).toBe(true);
    });
  });
});

test("the cache folder is that of Python's tools", () => {
  const cacheOf = (env: Record<string, string>) => hubConnection({ HF_ENDPOINT: endpoint, ...env }).cacheFolder;
  expect(cacheOf({ HF_HUB_CACHE: "/a/hub", HF_HOME: "/b" })).toBe("/a/hub");
  expect(cacheOf({ HF_HOME: "/b" })).toBe("/b/hub");
  expect(cacheOf({ XDG_CACHE_HOME: "/c" })).toBe("/c/huggingface/hub");
  expect(cacheOf({})).toMatch(/\/\.cache\/huggingface\/hub$/);
  expect(cacheOf({ HF_HOME: "~/hf" })).not.toContain("~");
});

test.each(["1", "true", "YES", "on"])("HF_HUB_OFFLINE=%s", (value) => {
  expect(hubConnection({ ...noHome, HF_HUB_OFFLINE: value }).offline).toBe(true);
});

test("TRANSFORMERS_OFFLINE counts if HF_HUB_OFFLINE is empty, as in Python", () => {
  const offline = (env: Record<string, string>) => hubConnection({ ...noHome, ...env }).offline;
  expect(offline({ TRANSFORMERS_OFFLINE: "1" })).toBe(true);
  expect(offline({ TRANSFORMERS_OFFLINE: "1", HF_HUB_OFFLINE: "" })).toBe(true);
  expect(offline({ TRANSFORMERS_OFFLINE: "1", HF_HUB_OFFLINE: "0" })).toBe(false);
  expect(offline({ TRANSFORMERS_OFFLINE: "0" })).toBe(false);
});

test.each([
  ["https://cdn.example/x", endpoint, true],
  ["http://cdn.example/x", endpoint, false],
  ["http://127.0.0.1/x", endpoint, false],
  ["https://127.0.0.1/x", endpoint, false],
  ["https://localhost/x", endpoint, false],
  ["https://localhost./x", endpoint, false],
  ["https://a.localhost/x", endpoint, false],
  ["https://0/x", endpoint, false],
  ["https://[::]/x", endpoint, false],
  ["https://[::1]/x", endpoint, false],
  ["https://[::ffff:127.0.0.1]/x", endpoint, false],
  ["https://169.254.169.254/x", endpoint, false],
  ["https://[fe80::1]/x", endpoint, false],
  ["https://[64:ff9b::8.8.8.8]/x", endpoint, true],
  ["https://[2002:808:808::1]/x", endpoint, true],
  ["https://[fd00:ec2::253]/x", endpoint, true],
  ["https://metadata.example/x", endpoint, true],
  ["https://10.0.0.7/x", endpoint, true],
  ["https://[2001:db8::1]/x", endpoint, true],
  ["https://a:b@cdn.example/x", endpoint, false],
  ["file:///etc/passwd", endpoint, false],
  ["http://127.0.0.1:9/x", "http://127.0.0.1:8", true],
  ["http://cdn.example/x", "http://127.0.0.1:8", false],
])("a redirect to %s from %s: %s", (target, from, allowed) => {
  expect(isRedirectTarget(new URL(target), from)).toBe(allowed);
});

test.each([
  ...["ip6-localhost", "IP6-Loopback", "localhost.localdomain", "localhost6", "metadata.google.internal", "metadata"],
  ...["[::127.0.0.1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::7f00:1]", "[::ffff:0:127.0.0.1]"],
  ...[
    "[2002:7f00:1::]",
    "[2002:a9fe:a9fe::1]",
    "[fd00:ec2::254]",
    "[fd00:ec2::23]",
    "[2001:0:7f00:1::]",
    "[fd20:ce::254]",
    "100.100.100.200",
    "192.0.0.192",
  ],
])("a redirect to %s is not followed", (host) => {
  expect(isRedirectTarget(new URL(`https://${host}/x`), endpoint)).toBe(false);
});

test.each([
  ["https://cdn.example/x", endpoint, true],
  [`${endpoint}:8443/x`, endpoint, false],
  ["https://localhost/x", "https://127.0.0.1:8", false],
])("%s from %s must not resolve to this machine: %s", (address, from, must) => {
  expect(mustBeRemote(new URL(address), from)).toBe(must);
});

describe("a name that a server chose and that resolves to this machine", () => {
  const subject = { doing: "downloading", repo: "org/model" };
  const open = async () => {
    const server = createServer();
    const connections: unknown[] = [];
    server.on("connection", (socket) => connections.push(socket.destroy()));
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const { port } = server.address() as AddressInfo;
    return { server, connections, url: new URL(`https://localhost:${port}/x`) };
  };
  const request = (url: URL) => ({ url, headers: {}, subject, signal: new AbortController().signal });
  const body = { bytes: 0, open: () => Readable.from([]) };

  test("gets no connection, of a download or an upload, and no retry", async () => {
    const { server, connections, url } = await open();
    const connection = hubConnection({ ...noHome, HF_ENDPOINT: endpoint });
    for (const sent of [get(connection, request(url)), send(connection, { ...request(url), method: "PUT", body })]) {
      expect(await failureOf(sent.then(() => undefined))).toMatchObject({
        code: "QS-HUB-ANSWER",
        message: expect.stringMatching(/the name localhost is that of this machine/),
      });
    }
    server.close();
    expect(connections).toEqual([]);
  });

  test("gets one with a loopback endpoint", async () => {
    const { server, connections, url } = await open();
    const connection = hubConnection({ ...noHome, HF_ENDPOINT: "http://127.0.0.1:9" });
    await expect(get(connection, request(url))).rejects.toThrow(/connection was lost/);
    server.close();
    expect(connections).toHaveLength(1);
  });

  test("of public ones are those that Node finds", async () => {
    const addresses = (options: LookupOptions) =>
      new Promise((done) => remoteLookup("192.0.2.7", options, (...found) => done(found)));
    expect(await addresses({ all: true })).toEqual([null, [{ address: "192.0.2.7", family: 4 }]]);
    expect(await addresses({})).toEqual([null, "192.0.2.7", 4]);
  });
});
