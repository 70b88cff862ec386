import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Fault } from "../../fixtures/hub-server/faults.js";
import type { Hub } from "../../fixtures/hub-server/hub.js";
import { canary, connectToWrite, publishFolder, startWritableHub, treeOf } from "../../fixtures/publish-client.js";
import { releaseFolder } from "../../fixtures/release-folder.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

/* Answers that no Hub should give: each ends with a code, with main untouched, and with nothing sent where it should not go. */
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
    "an upload to plain http elsewhere",
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
  ["an upload to nowhere", /\/batch$/, (oid) => object({ upload: { href: "x" } }, oid), "QS-HUB-ANSWER"],
  [
    "a confirmation elsewhere",
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
    "parts of no length",
    /\/batch$/,
    (oid) => object({ upload: { href: "https://example.org/", header: { chunk_size: "0" } } }, oid),
    "QS-HUB-ANSWER",
  ],
  [
    "a storage that refuses",
    /\/batch$/,
    (oid) => json({ objects: [{ oid, size: 1, error: { code: 422, message: "no" } }] }),
    "QS-HUB-ANSWER",
  ],
  ["no word about the file", /\/batch$/, () => json({ objects: [] }), "QS-HUB-ANSWER"],
  ["no word about how to send", /\/preupload\//, () => json({ files: [] }), "QS-HUB-ANSWER"],
  ["a page instead of an answer", /\/preupload\//, () => ({ kind: "body", body: "<html>" }), "QS-HUB-ANSWER"],
  ["a redirect of a commit", /\/commit\//, () => ({ kind: "redirect", to: "https://example.org/" }), "QS-HUB-ANSWER"],
  [
    "another name",
    /^\/api\/models\/me\/model$/,
    () => json({ id: "me/other", private: false, gated: false }),
    "QS-PUBLISH-TARGET",
  ],
  ["no description", /^\/api\/models\/me\/model$/, () => json({}), "QS-HUB-ANSWER"],
  ["no branches", /\/refs$/, () => json({}), "QS-HUB-ANSWER"],
  ["a token that is refused", /./, () => ({ kind: "status", status: 401 }), "QS-HUB-UNAUTHORIZED"],
  ["a storage full of errors", /^\/(upload|part)\//, () => ({ kind: "status", status: 503 }), "QS-HUB-FAILED"],
  ["addresses that never hold", /^\/(upload|part)\//, () => ({ kind: "status", status: 403 }), "QS-HUB-FAILED"],
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
  // Only the Hub's own origin is told who asks.
  expect(hub.requests.filter(({ server, headers }) => server === "storage" && headers.authorization)).toEqual([]);
});

test("a commit that holds something else than was sent is told, and not made twice", async () => {
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
