import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { execaSync } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";
import { repoCache } from "../../../src/hub/download/cache-layout.js";
import { localFile } from "../../../src/hub/upload/local-file.js";
import { uploadObjects } from "../../../src/hub/upload/upload-objects.js";
import { sha256 } from "../../../src/util/sha256.js";
import { someBytes } from "../../fixtures/hub-client.js";
import type { Fault } from "../../fixtures/hub-server/faults.js";
import type { Hub } from "../../fixtures/hub-server/hub.js";
import type { LoggedRequest } from "../../fixtures/hub-server/request-log.js";
import { canary, connectToWrite, startWritableHub } from "../../fixtures/publish-client.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

/* Uploads by Xet: only new chunks are sent, also after a kill, and every lost piece is noticed. */
const base = temporaryFolder();
const content = someBytes(5, 3_000_000);
let hub: Hub;
let home: string;

beforeEach(async () => {
  hub = await startWritableHub();
  hub.offersXet = true;
  hub.create("me/model").commit({ "README.md": "" });
  home = mkdtempSync(join(base, "home-"));
});
afterEach(() => hub.close());

/** Uploads `model.gguf`. Returns the bytes sent, by the uploader's account. */
async function upload(bytes: Buffer, signal = new AbortController().signal): Promise<number> {
  writeFileSync(join(home, "model.gguf"), bytes);
  const file = await localFile("model.gguf", join(home, "model.gguf"));
  const told: number[] = [];
  const onProgress = (done: number) => void told.push(done);
  const sent = await uploadObjects(connectToWrite(hub, home), "me/model", [file], { signal, onProgress });
  expect(told.at(-1)).toBe(bytes.length);
  return sent;
}

const isXorb = ({ path }: LoggedRequest) => path.startsWith("/v1/xorbs/");
const isShard = ({ path }: LoggedRequest) => path === "/v1/shards";
const bytesOf = (requests: readonly LoggedRequest[]) => requests.reduce((sum, { body }) => sum + body.length, 0);
const stored = (bytes: Buffer) => hub.repo("me/model")?.large(sha256(bytes))?.content.equals(bytes);

test("the storage reconstructs the file, and no token reaches another origin", async () => {
  const sent = await upload(content);
  expect(stored(content)).toBe(true);
  expect(sent).toBe(bytesOf(hub.requests.filter((request) => isXorb(request) || isShard(request))));
  expect(hub.requests.filter(isXorb).length).toBeGreaterThan(9);
  for (const { server, headers } of hub.requests) {
    expect(headers.authorization).toBe(`Bearer ${server === "hub" ? canary : hub.xet.issued.at(-1)}`);
  }
  expect(hub.violations).toEqual([]);
  expect(await upload(content)).toBe(0);
});

test("a second process sends only what the first one did not", async () => {
  hub.faults = (request) => (isXorb(request) && hub.xet.xorbs.size >= 5 ? { kind: "status", status: 500 } : undefined);
  await expect(upload(content)).rejects.toMatchObject({ code: "QS-HUB-FAILED" });
  const before = [...hub.xet.xorbs.values()].reduce((sum, { bytes }) => sum + bytes.length, 0);
  hub.faults = () => undefined;
  const sent = await upload(content);
  expect(stored(content)).toBe(true);
  expect(sent).toBeLessThan(content.length - before + 30_000);
});

test("a link or a pipe in place of the record of an upload is neither followed nor waited for", async () => {
  const connection = connectToWrite(hub, home);
  const record = repoCache(connection.cacheFolder, "me/model").upload(sha256(content));
  mkdirSync(dirname(record), { recursive: true });
  const other = join(home, "other.txt");
  writeFileSync(other, "mine");
  symlinkSync(other, record);
  await upload(content);
  expect(readFileSync(other, "utf8")).toBe("mine");
  const more = Buffer.concat([content, content]);
  execaSync("mkfifo", [repoCache(connection.cacheFolder, "me/model").upload(sha256(more))]);
  await upload(more);
  expect(stored(more)).toBe(true);
});

test("a file that replaces one with another header sends only the header", async () => {
  await upload(content);
  hub.create("me/model").commit({ "model.gguf": content }, "main", 0);
  const changed = Buffer.concat([someBytes(6, 5000), content.subarray(4321)]);
  expect(await upload(changed)).toBeLessThan(content.length * 0.05);
  expect(stored(changed)).toBe(true);
  expect(hub.violations).toEqual([]);
});

const lost: Fault = { kind: "body", body: "{}" };
const once: [string, (request: LoggedRequest) => boolean, Fault][] = [
  ["a lost xorb", isXorb, lost],
  ["a lost shard", isShard, lost],
  ["an expired token", isShard, { kind: "status", status: 401 }],
  ["a connection cut in a xorb", isXorb, { kind: "cut", after: 100_000 }],
  ["a busy storage", ({ server }) => server === "cas", { kind: "status", status: 503 }],
  ["an answer that is no shard", ({ path }) => path.startsWith("/v1/chunks/"), lost],
];

test.each(once)("recovers from %s", async (_, isMeant, fault) => {
  let left = 1;
  hub.faults = (request) => (isMeant(request) && left-- > 0 ? fault : undefined);
  await upload(content);
  expect(stored(content)).toBe(true);
  expect(hub.violations).toEqual([]);
});

test("a redirect does not take the storage's token along", async () => {
  hub.faults = ({ path }) =>
    path.startsWith("/v1/chunks/")
      ? { kind: "redirect", to: `${hub.storageUrl}/store/me/model/${sha256("")}` }
      : undefined;
  await upload(content);
  const redirected = hub.requests.filter(({ server }) => server === "storage");
  expect(redirected.length).toBeGreaterThan(0);
  expect(redirected.filter(({ headers }) => headers.authorization !== undefined)).toEqual([]);
});

test("a redirect of an upload says that the storage redirected", async () => {
  hub.faults = (request) => (isShard(request) ? { kind: "redirect", to: "https://example.org/" } : undefined);
  const message = expect.stringMatching(
    /the Hub's storage at \S+ returned a redirect, which an upload does not follow$/,
  );
  await expect(upload(content)).rejects.toMatchObject({ code: "QS-HUB-ANSWER", message });
});

test("a storage that never answers about chunks gets all of them", async () => {
  hub.faults = ({ path }) => (path.startsWith("/v1/chunks/") ? { kind: "status", status: 418 } : undefined);
  await upload(content);
  expect(stored(content)).toBe(true);
});

const hostile: [string, object][] = [
  ["plain http on another host", { casUrl: "http://192.0.2.1", accessToken: "x", exp: 2 ** 32 }],
  ["no address", { casUrl: "", accessToken: "x", exp: 2 ** 32 }],
  ["a token with a line break", { casUrl: "https://example.org", accessToken: "x\r\ny", exp: 2 ** 32 }],
];

test.each(hostile)("refuses a storage with %s", async (_, answer) => {
  const body = JSON.stringify(answer);
  hub.faults = ({ path }) => (path.includes("xet-write-token") ? { kind: "body", body } : undefined);
  await expect(upload(content)).rejects.toMatchObject({ code: "QS-HUB-ANSWER" });
});
