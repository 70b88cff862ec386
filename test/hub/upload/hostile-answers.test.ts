import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
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
