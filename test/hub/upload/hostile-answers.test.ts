import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { hubConnection } from "../../../src/hub/connection.js";
import { resolveCommit } from "../../../src/hub/list-commit.js";
import { failureOf } from "../../fixtures/failure.js";
import { quickLimits } from "../../fixtures/hub-client.js";
import type { Fault } from "../../fixtures/hub-server/faults.js";
import type { Hub } from "../../fixtures/hub-server/hub.js";
import { canary, connectToWrite, publishFolder, startWritableHub, treeOf } from "../../fixtures/publish-client.js";
import { releaseFolder } from "../../fixtures/release-folder.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

/* Invalid Hub responses: each fails with a code, leaves main unchanged and sends no content to unsafe addresses. */
const base = temporaryFolder();
let hub: Hub;
let home: string;

beforeEach(async () => {
  hub = await startWritableHub();
  home = mkdtempSync(join(base, "home-"));
});
afterEach(() => hub.close());

const json = (value: unknown): Fault => ({
  kind: "body",
  body: JSON.stringify(value),
  headers: { "content-type": "application/json" },
});
const object = (actions: object, sha256: string) =>
  json({ transfer: "basic", objects: [{ oid: sha256, size: 1, actions }] });

const cases: [string, RegExp, (sha256: string) => Fault, string][] = [
  [
    "an upload to plain http on another host",
    /\/batch$/,
    (oid) => object({ upload: { href: "http://192.0.2.1/x" } }, oid),
    "QS-HUB-ANSWER",
  ],
  [
    "an upload with a password in its address",
    /\/batch$/,
    (oid) => object({ upload: { href: "https://a:b@example.org/" } }, oid),
    "QS-HUB-ANSWER",
  ],
  ["an invalid upload address", /\/batch$/, (oid) => object({ upload: { href: "x" } }, oid), "QS-HUB-ANSWER"],
  [
    "an unsafe verification address",
    /\/batch$/,
    (oid) => object({ upload: { href: "https://example.org/" }, verify: { href: "file:///etc" } }, oid),
    "QS-HUB-ANSWER",
  ],
  [
    "too few parts",
    /\/batch$/,
    (oid) =>
      object(
        { upload: { href: "https://example.org/", header: { chunk_size: "10", "1": "https://example.org/" } } },
        oid,
      ),
    "QS-HUB-ANSWER",
  ],
  [
    "parts of length 0",
    /\/batch$/,
    (oid) => object({ upload: { href: "https://example.org/", header: { chunk_size: "0" } } }, oid),
    "QS-HUB-ANSWER",
  ],
  [
    "a storage that rejects the file",
    /\/batch$/,
    (oid) => json({ objects: [{ oid, size: 1, error: { code: 422, message: "no" } }] }),
    "QS-HUB-ANSWER",
  ],
  ["a batch response without the file", /\/batch$/, () => json({ objects: [] }), "QS-HUB-ANSWER"],
  ["a preupload response without the file", /\/preupload\//, () => json({ files: [] }), "QS-HUB-ANSWER"],
  ["HTML instead of JSON", /\/preupload\//, () => ({ kind: "body", body: "<html>" }), "QS-HUB-ANSWER"],
  ["a redirect of a commit", /\/commit\//, () => ({ kind: "redirect", to: "https://example.org/" }), "QS-HUB-ANSWER"],
  [
    "a renamed repository",
    /^\/api\/models\/me\/model$/,
    () => json({ id: "me/other", private: false, gated: false }),
    "QS-PUBLISH-TARGET",
  ],
  ["a repository without a description", /^\/api\/models\/me\/model$/, () => json({}), "QS-HUB-ANSWER"],
  ["a response without branches", /\/refs$/, () => json({}), "QS-HUB-ANSWER"],
  ["a rejected token", /./, () => ({ kind: "status", status: 401 }), "QS-HUB-UNAUTHORIZED"],
  ["a storage that always fails", /^\/(upload|part)\//, () => ({ kind: "status", status: 503 }), "QS-HUB-FAILED"],
  ["addresses that expire at once", /^\/(upload|part)\//, () => ({ kind: "status", status: 403 }), "QS-HUB-FAILED"],
];

test.each(cases)("%s", async (_, pattern, fault, code) => {
  hub.create("me/model").commit({ ".gitattributes": "" });
  const folder = join(home, "release");
  const files = releaseFolder(folder);
  const sha256 = files["Example-Q4_K_M.gguf"] ?? "";
  hub.faults = ({ path }) => (pattern.test(path) ? fault(sha256) : undefined);
  const connection = connectToWrite(hub, home, { attempts: 3, firstDelayMs: 1 });
  const error = await publishFolder(connection, folder, { via: "direct" }).then(
    () => ({ code: "done", message: "" }),
    (failure) => failure,
  );
  expect(error.code, error.message).toBe(code);
  expect(`${error.message} ${error.remedy} ${error.stack}`).not.toContain(canary);
  expect(`${error.message} ${error.remedy}`).not.toMatch(/signature=[0-9a-f]/);
  expect(treeOf(hub)).toEqual({});
  // The token is sent to the Hub's origin only.
  expect(hub.requests.filter(({ server, headers }) => server === "storage" && headers.authorization)).toEqual([]);
});

test("a commit whose content differs from the upload is reported and not repeated", async () => {
  const folder = join(home, "release");
  releaseFolder(folder);
  const repo = hub.create("me/model");
  repo.commit({ ".gitattributes": "" });
  repo.onMove = (_ref, commit) => {
    const card = commit.files.find(({ path }) => path === "README.md");
    if (card !== undefined) Object.assign(card, { oid: "f".repeat(40), content: Buffer.from("# Another one\n") });
  };
  const connection = connectToWrite(hub, home);
  const error = await publishFolder(connection, folder, { via: "direct" }).catch((failure) => failure);
  expect(error.code).toBe("QS-PUBLISH-STORED");
  expect(error.message).toContain("README.md");
  expect(repo.history("main").length).toBe(2);
});

test.each([
  ["direct", 3, "main of me/model does not contain the commit that the Hub confirmed"],
  ["branch", 3, "quantsmith-staging-"],
  ["pr", 1, "the Hub confirmed a pull request on me/model, but lists none of this account"],
] as const)("a commit that the Hub confirms but does not create (via %s)", async (via, commits, message) => {
  const folder = join(home, "release");
  releaseFolder(folder);
  hub.create("me/model").commit({ ".gitattributes": "" });
  for (const ids of [["a"], ["a", "b", "c", "d", "e", "f"]]) {
    let sent = 0;
    hub.faults = ({ path }) =>
      path.includes("/commit/")
        ? json({ success: true, commitOid: (ids[sent++ % ids.length] ?? "a").repeat(40), pullRequestUrl: null })
        : undefined;
    const error = await failureOf(publishFolder(connectToWrite(hub, home, { attempts: 3 }), folder, { via }));
    expect([error.code, error.message]).toEqual(["QS-PUBLISH-STORED", expect.stringContaining(message)]);
    expect(sent).toBe(commits);
  }
});

test("a gating that the Hub confirms but does not set: nothing is committed", async () => {
  const folder = join(home, "release");
  releaseFolder(folder);
  hub.faults = ({ path }) => (path.endsWith("/settings") ? json({}) : undefined);
  const connection = connectToWrite(hub, home, { attempts: 3 });
  expect(await failureOf(publishFolder(connection, folder, { gated: "manual" }))).toMatchObject({
    code: "QS-HUB-ANSWER",
    message: expect.stringContaining("changing the settings of me/model"),
  });
  expect(treeOf(hub)).toEqual({});
});

test("a commit and a pull request that the Hub shows late are not made twice", async () => {
  const folder = join(home, "release");
  const files = releaseFolder(folder);
  const repo = hub.create("me/model");
  const initial = repo.commit({ ".gitattributes": "" });
  for (const via of ["direct", "pr"] as const) {
    let late = 2;
    hub.faults = ({ method, path }) => {
      if (method === "POST" || repo.history("main").length + repo.pullRequests.length === 1) return undefined;
      if (path.endsWith("/discussions") && late-- > 0) return json({ discussions: [], count: 0 });
      const isMain = /^\/api\/models\/me\/model\/revision\/main$/.test(path);
      return via === "direct" && isMain && late-- > 0
        ? json({ _id: "0".repeat(24), id: "me/model", modelId: "me/model", sha: initial, private: false })
        : undefined;
    };
    const done = await publishFolder(connectToWrite(hub, home, { attempts: 4 }), folder, { via });
    expect(late).toBeLessThan(1);
    expect(treeOf(hub, via === "pr" ? "refs/pr/1" : "main")).toEqual(files);
    expect(done.commit).toBe(repo.resolve(via === "pr" ? "refs/pr/1" : "main"));
    repo.point("main", initial);
  }
  expect(repo.pullRequests.length).toBe(1);
});

test("an answer that names the pull request of somebody else", async () => {
  const folder = join(home, "release");
  const files = releaseFolder(folder);
  const repo = hub.create("me/model");
  const initial = repo.commit({ ".gitattributes": "" });
  repo.pullRequests.push({ num: 1, title: "Fix typo", author: "stranger", status: "open" });
  repo.point("refs/pr/1", initial);
  const page = (number: number) => `${hub.url}/me/model/discussions/${number}`;
  const opened = json({ success: true, commitOid: "b".repeat(40), pullRequestUrl: page(1) });
  hub.faults = ({ path }) => (path.includes("/commit/") ? opened : undefined);
  const connection = connectToWrite(hub, home, { attempts: 3 });
  expect(await failureOf(publishFolder(connection, folder, { via: "pr" }))).toMatchObject({
    code: "QS-PUBLISH-STORED",
  });
  expect(repo.resolve("refs/pr/1")).toBe(initial);
  hub.faults = () => undefined;
  const done = await publishFolder(connection, folder, { via: "pr" });
  expect([done.pullRequest, treeOf(hub, "refs/pr/2")]).toEqual([page(2), files]);
});

const secret = "corp-secret-xyzzy-123456";
const long = `${secret} \u001b[31m ${"x".repeat(1000)}`;
test.each<[string, RegExp, (sha256: string) => Fault, string]>([
  [
    "the storage's reason",
    /\/batch$/,
    (oid) => json({ objects: [{ oid, size: 1, error: { code: 403, message: long } }] }),
    "QS-HUB-ANSWER",
  ],
  [
    "the name of a repository",
    /^\/api\/models\/me\/model$/,
    () => json({ id: `${long} \`rm\``, private: false, gated: false }),
    "QS-PUBLISH-TARGET",
  ],
  [
    "an upload address",
    /\/batch$/,
    (oid) => object({ upload: { href: `${secret}://${secret}/` } }, oid),
    "QS-HUB-ANSWER",
  ],
  ["a redirect", /\/tree\//, () => ({ kind: "redirect", to: `${secret}://${secret}/` }), "QS-HUB-ANSWER"],
  [
    "a file name",
    /\/tree\//,
    () => json([{ type: "file", path: `../${secret}`, size: 1, oid: "a".repeat(40) }]),
    "QS-HUB-ANSWER",
  ],
])("a token of another form in %s is not in the message", async (_, pattern, fault, code) => {
  hub.token = secret;
  hub.create("me/model").commit({ ".gitattributes": "" });
  const folder = join(home, "release");
  const files = releaseFolder(folder);
  hub.faults = ({ path }) => (pattern.test(path) ? fault(files["Example-Q4_K_M.gguf"] ?? "") : undefined);
  const connection = hubConnection({ HF_ENDPOINT: hub.url, HF_HOME: home, HF_TOKEN: secret }, quickLimits);
  const error = await failureOf(publishFolder(connection, folder, { via: "direct" }));
  expect(error.code).toBe(code);
  const text = `${error.message} ${error.remedy}`;
  expect(text).toContain("[redacted]");
  expect(text).not.toContain(secret);
  expect(text).not.toMatch(/[\p{Cc}`]rm|\p{Cc}/u);
  expect(text.length).toBeLessThan(600);
});

test("a token of another form in the name of a moved source is not shown", async () => {
  const { signal } = new AbortController();
  hub.faults = () => json({ id: `new/${secret}`, sha: "a".repeat(40) });
  const connection = hubConnection({ HF_ENDPOINT: hub.url, HF_HOME: home, HF_TOKEN: secret }, quickLimits);
  expect((await resolveCommit(connection, "org/model", "main", signal)).movedTo).toBe("new/[redacted]");
});
