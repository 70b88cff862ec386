import { mkdtempSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { hubConnection } from "../../src/hub/connection.js";
import { listModel } from "../../src/hub/list-model.js";
import type { ErrorCode } from "../../src/util/error-codes.js";
import { failureOf } from "../fixtures/failure.js";
import { connect, contents, digests, fetchAll, someBytes } from "../fixtures/hub-client.js";
import type { Fault } from "../fixtures/hub-server/faults.js";
import { Hub } from "../fixtures/hub-server/hub.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const base = temporaryFolder();
const files = { "config.json": "{}", "model.safetensors": someBytes(3, 100_000) };
const wanted = digests(files);

let hub: Hub;
let cache: string;

beforeEach(async () => {
  hub = await Hub.start();
  cache = mkdtempSync(join(base, "cache-"));
});
afterEach(async () => {
  expect(hub.violations).toEqual([]);
  await hub.close();
});

const errorOf = (env: Record<string, string> = {}, repo = "org/model", revision = "main") =>
  failureOf(fetchAll(connect(hub, cache, { env }), repo, revision));

describe("errors of the Hub", () => {
  test("an unknown repository, without and with a token", async () => {
    hub.token = "hf_right";
    const without = await errorOf({}, "org/none");
    expect(without.code).toBe("QS-HUB-UNAUTHORIZED");
    expect(without.remedy).toContain("HF_TOKEN");
    const withToken = await errorOf({ HF_TOKEN: "hf_right" }, "org/none");
    expect(withToken.code).toBe("QS-HUB-MISSING");
    expect(withToken.message).toContain("org/none");
  });

  test("a private repository: wrong token, right token", async () => {
    hub.create("org/model").commit(files);
    hub.create("org/model").access = "private";
    hub.token = "hf_right";
    expect((await errorOf()).code).toBe("QS-HUB-UNAUTHORIZED");
    expect((await errorOf({ HF_TOKEN: "hf_wrong" })).code).toBe("QS-HUB-UNAUTHORIZED");
    const connection = connect(hub, cache, { env: { HF_TOKEN: "hf_right" } });
    expect(contents(await fetchAll(connection, "org/model"))).toEqual(wanted);
  });

  test("with HF_HUB_DISABLE_IMPLICIT_TOKEN, reading sends no token, and the remedy names that setting", async () => {
    hub.create("org/model").commit(files);
    hub.token = "hf_right";
    const env = { HF_TOKEN: "hf_right", HF_HUB_DISABLE_IMPLICIT_TOKEN: "1" };
    expect(contents(await fetchAll(connect(hub, cache, { env }), "org/model"))).toEqual(wanted);
    hub.create("org/model").access = "private";
    const error = await errorOf(env);
    expect(error.code).toBe("QS-HUB-UNAUTHORIZED");
    expect(error.remedy).toMatch(/^Unset `HF_HUB_DISABLE_IMPLICIT_TOKEN` and set `HF_TOKEN`/);
    expect(hub.requests.every(({ headers }) => headers.authorization === undefined)).toBe(true);
  });

  test.each([{}, { HF_TOKEN: "hf_right" }])(
    "a gated repository, token %o: the remedy contains its page",
    async (env) => {
      hub.create("org/model").commit(files);
      hub.create("org/model").access = "gated";
      hub.token = "hf_right";
      const error = await errorOf(env as Record<string, string>);
      expect(error.code).toBe("QS-HUB-GATED");
      expect(error.remedy).toContain(`${hub.url}/org/model`);
      hub.granted = true;
      const connection = connect(hub, cache, { env: { HF_TOKEN: "hf_right" } });
      expect(contents(await fetchAll(connection, "org/model"))).toEqual(wanted);
    },
  );

  test("an unknown revision", async () => {
    hub.create("org/model").commit(files);
    const error = await errorOf({}, "org/model", "v9/beta");
    expect(error.code).toBe("QS-HUB-REVISION");
    expect(error.message).toContain("v9/beta");
  });

  const answers: [what: string, code: ErrorCode, fault: Fault][] = [
    ["403 without a reason", "QS-HUB-FORBIDDEN", { kind: "status", status: 403 }],
    ["400", "QS-HUB-FAILED", { kind: "status", status: 400 }],
    ["500 every time", "QS-HUB-FAILED", { kind: "status", status: 500 }],
    ["429 every time", "QS-HUB-RATE-LIMIT", { kind: "status", status: 429 }],
    ["429 for a day", "QS-HUB-RATE-LIMIT", { kind: "status", status: 429, headers: { "retry-after": "86400" } }],
    ["a reset every time", "QS-HUB-NETWORK", { kind: "reset", after: 0 }],
    ["HTML instead of JSON", "QS-HUB-ANSWER", { kind: "body", body: "<html>" }],
    ["JSON of another shape", "QS-HUB-ANSWER", { kind: "body", body: "null" }],
    ["a commit that is a path", "QS-HUB-ANSWER", { kind: "body", body: '{"sha":"../../../../etc","id":"a"}' }],
    ["a redirect loop", "QS-HUB-ANSWER", { kind: "redirect", to: "/api/models/org/model/revision/main" }],
    ["a redirect to plain http on another host", "QS-HUB-ANSWER", { kind: "redirect", to: "http://192.0.2.1/" }],
    ["a redirect to a file", "QS-HUB-ANSWER", { kind: "redirect", to: "file:///etc/passwd" }],
    ["a redirect with a password", "QS-HUB-ANSWER", { kind: "redirect", to: "https://a:b@192.0.2.1/" }],
    ["a redirect without a host", "QS-HUB-ANSWER", { kind: "redirect", to: "https://" }],
  ];
  test.each(answers)("%s: %s", async (_, code, fault) => {
    hub.create("org/model").commit(files);
    hub.faults = () => fault;
    const error = await failureOf(listModel(connect(hub, cache, { limits: { attempts: 3 } }), "org/model", "main"));
    expect(error.code).toBe(code);
    expect(error.remedy.length).toBeGreaterThan(10);
  });

  const names = ["../x", "a/../../x", "/etc/passwd", "a//b", ".", "a/.", "C:x", "a\\b", "a\u0000b", "a\nb", ""];
  const long = ["x".repeat(300), `${"y/".repeat(3000)}z`];
  test.each([...names, ...long])("a listing with the file name %j", async (path) => {
    hub.create("org/model").commit(files);
    const entry = { type: "file", path, oid: "0".repeat(40), size: 1 };
    hub.faults = (request) =>
      request.path.includes("/tree/") ? { kind: "body", body: JSON.stringify([entry]) } : undefined;
    expect((await errorOf()).code).toBe("QS-HUB-ANSWER");
  });

  const entries: [what: string, entry: object][] = [
    ["no size", { path: "a", oid: "0".repeat(40) }],
    ["a negative size", { path: "a", oid: "0".repeat(40), size: -1 }],
    ["a fractional size", { path: "a", oid: "0".repeat(40), size: 0.5 }],
    ["no digest", { path: "a", size: 1 }],
    ["a digest that is a path", { path: "a", oid: "../../../../x", size: 1 }],
    ["an LFS digest that is a path", { path: "a", oid: "0".repeat(40), size: 1, lfs: { oid: "../x", size: 1 } }],
    ["a number as name", { path: 1, oid: "0".repeat(40), size: 1 }],
  ];
  test.each(entries)("a listing with %s", async (_, entry) => {
    hub.create("org/model").commit(files);
    const body = JSON.stringify([{ type: "file", ...entry }]);
    hub.faults = ({ path }) => (path.includes("/tree/") ? { kind: "body", body } : undefined);
    expect((await errorOf()).code).toBe("QS-HUB-ANSWER");
  });

  test("an endless listing", async () => {
    const repo = hub.create("org/model");
    const commit = repo.commit(files);
    const link = `<${hub.url}/api/models/org/model/tree/${commit}>; rel="next"`;
    const body = JSON.stringify([{ type: "file", path: "a", oid: "0".repeat(40), size: 1 }]);
    hub.faults = ({ path }) => (path.includes("/tree/") ? { kind: "body", body, headers: { link } } : undefined);
    expect((await errorOf()).code).toBe("QS-HUB-ANSWER");
  });

  test.each([
    ["the same address", () => ""],
    ["new addresses", (page: number) => `?p=${page}`],
  ])("empty pages without an end, with %s", async (_, query) => {
    const path = `/api/models/org/model/tree/${hub.create("org/model").commit(files)}`;
    let page = 0;
    hub.faults = (request) => {
      if (request.path !== path) return undefined;
      page += 1;
      return { kind: "body", body: "[]", headers: { link: `<${hub.url}${path}${query(page)}>; rel="next"` } };
    };
    const connection = connect(hub, cache, { limits: { maxPages: 5 } });
    const { signal } = new AbortController();
    const error = await failureOf(listModel(connection, "org/model", "main", signal));
    expect([error.code, page]).toEqual(["QS-HUB-ANSWER", expect.toSatisfy((pages) => pages <= 5)]);
  });
});

test("a listing does not continue on another host", async () => {
  hub.create("org/model").commit(files);
  const other = await Hub.start();
  const headers = { link: `<${other.url}/latest/meta-data>; rel="next"` };
  hub.faults = ({ path }) => (path.includes("/tree/") ? { kind: "body", body: "[]", headers } : undefined);
  expect(await errorOf()).toMatchObject({ code: "QS-HUB-ANSWER", message: expect.stringContaining("another host") });
  expect(other.requests).toEqual([]);
  await other.close();
});

test("redirects to another origin never carry the token", async () => {
  hub.token = "hf_right";
  hub.create("org/model").commit(files);
  const other = await Hub.start();
  hub.faults = ({ path }) => ({ kind: "redirect", to: `${other.url}${path}` });
  expect((await errorOf({ HF_TOKEN: "hf_right" })).code).toBe("QS-HUB-FAILED");
  expect(other.requests.length).toBeGreaterThan(0);
  expect(other.requests.filter(({ headers }) => headers.authorization !== undefined)).toEqual([]);
  await other.close();
});

describe("temporary failures", () => {
  const once: [what: string, fault: Fault][] = [
    ["503", { kind: "status", status: 503 }],
    ["429 with seconds", { kind: "status", status: 429, headers: { "retry-after": "1" } }],
    ["429 with a date", { kind: "status", status: 429, headers: { "retry-after": new Date(0).toUTCString() } }],
    ["a reset before the response", { kind: "reset", after: 0 }],
    ["a reset in the middle", { kind: "reset", after: 5 }],
    ["a stall before the response", { kind: "stall", after: 0 }],
    ["a stall in the middle", { kind: "stall", after: 5 }],
    ["a body that is too short", { kind: "short", after: 5 }],
  ];
  test.each(once)("%s, once per address", async (_, fault) => {
    hub.create("org/model").commit({ ...files, "model.safetensors": someBytes(3, 20_000) });
    hub.faults = ({ earlier, path }) => {
      // Truncated JSON is an invalid response, not a temporary failure.
      const cut = fault.kind === "short" && !path.includes("/resolve/") && !path.startsWith("/store/");
      return earlier === 0 && !cut ? fault : undefined;
    };
    const folder = await fetchAll(connect(hub, cache, { limits: { stallMs: 200 } }), "org/model");
    expect(Object.keys(contents(folder))).toEqual(Object.keys(wanted));
  });

  test("an expired signed address is replaced", async () => {
    hub.create("org/model").commit(files);
    let parts = 0;
    hub.faults = ({ server }) => {
      if (server === "storage" && ++parts === 2) hub.expireSignatures();
      return undefined;
    };
    const limits = { connectionsPerFile: 1, spanBytes: 16_384 };
    expect(contents(await fetchAll(connect(hub, cache, { limits }), "org/model"))).toEqual(wanted);
    expect(hub.requests.filter(({ path }) => path.endsWith("/model.safetensors")).length).toBe(2);
  });

  test("a rate limit delays all connections for the requested time", async () => {
    hub.create("org/model").commit(Object.fromEntries([1, 2, 3, 4, 5].map((n) => [`${n}.txt`, `${n}`])));
    const times: number[] = [];
    let limited: number | undefined;
    hub.faults = ({ path }) => {
      if (!path.includes("/resolve/")) return undefined;
      if (limited !== undefined) times.push(performance.now() - limited);
      else if (path.endsWith("/3.txt")) {
        limited = performance.now();
        return { kind: "status", status: 429, headers: { "retry-after": "1" } };
      }
      return undefined;
    };
    await fetchAll(connect(hub, cache), "org/model");
    expect(times.length).toBeGreaterThan(1);
    // Requests sent before the response may still arrive.
    expect(times.filter((time) => time > 100 && time < 990)).toEqual([]);
  });
});

test("a refused connection is reported as offline", async () => {
  const port = await freePort();
  const env = { HF_ENDPOINT: `http://127.0.0.1:${port}`, HF_HUB_CACHE: cache, HF_HOME: cache };
  const connection = hubConnection(env, { attempts: 2, firstDelayMs: 1 });
  const error = await failureOf(listModel(connection, "org/model", "main"));
  expect(error.code).toBe("QS-HUB-OFFLINE");
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  return typeof address === "object" && address !== null ? address.port : 0;
}
