import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { listModel } from "../../src/hub/list-model.js";
import { readHubFile } from "../../src/hub/read-file.js";
import { failureOf } from "../fixtures/failure.js";
import { connect, contents, digests, fetchAll, someBytes } from "../fixtures/hub-client.js";
import { Hub } from "../fixtures/hub-server/hub.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const base = temporaryFolder();
const files = { "config.json": "{}", "model.safetensors": someBytes(8, 100_000) };
const wanted = digests(files);

let hub: Hub;
let cache: string;
let commit: string;

beforeEach(async () => {
  hub = await Hub.start();
  cache = mkdtempSync(join(base, "cache-"));
  commit = hub.create("org/model").commit(files);
});
afterEach(() => hub.close());

const offline = () => connect(hub, cache, { env: { HF_HUB_OFFLINE: "1" } });

test("HF_HUB_OFFLINE uses the cache without requests", async () => {
  await fetchAll(connect(hub, cache), "org/model");
  const asked = hub.requests.length;
  for (const revision of ["main", commit]) {
    expect(contents(await fetchAll(offline(), "org/model", revision))).toEqual(wanted);
  }
  const { files: listed } = await listModel(offline(), "org/model", "main");
  const online = await listModel(connect(hub, cache), "org/model", "main");
  expect(online).toEqual({ commit, files: listed, private: false, gated: false });
  expect(hub.requests.length).toBe(asked + 2);
});

test("a cached snapshot of another tool, without a listing", async () => {
  await fetchAll(connect(hub, cache), "org/model");
  rmSync(join(cache, "models--org--model", "trees"), { recursive: true });
  expect(contents(await fetchAll(offline(), "org/model"))).toEqual(wanted);
});

test("files that are missing from the cache or damaged", async () => {
  for (const revision of ["main", commit, "other"]) {
    expect((await failureOf(fetchAll(offline(), "org/model", revision))).code).toBe("QS-HUB-OFFLINE");
  }
  const folder = await fetchAll(connect(hub, cache), "org/model");
  expect((await failureOf(fetchAll(offline(), "org/model", "other"))).message).toContain("other");
  writeFileSync(join(folder, "model.safetensors"), someBytes(9, 100_000));
  const damaged = await failureOf(fetchAll(offline(), "org/model"));
  expect(damaged.code).toBe("QS-HUB-OFFLINE");
  expect(damaged.message).toContain("model.safetensors");
  const asked = hub.requests.length;
  rmSync(join(folder, "config.json"));
  expect(contents(await fetchAll(connect(hub, cache), "org/model"))).toEqual(wanted);
  expect(hub.requests.length).toBeGreaterThan(asked);
});

test("a cached listing with unsafe paths or digests is ignored", async () => {
  await fetchAll(connect(hub, cache), "org/model");
  const tree = join(cache, "models--org--model", "trees", `${commit}.json`);
  const sound = { size: 2, blob_id: "0".repeat(40) };
  for (const entries of [
    { "../x": sound },
    { x: { ...sound, blob_id: "../x" } },
    { x: { ...sound, lfs_sha256: "/x" } },
  ]) {
    writeFileSync(tree, JSON.stringify({ format_version: 1, files: entries }));
    const { files: listed } = await listModel(offline(), "org/model", "main");
    expect(listed.map(({ path }) => path)).toEqual(Object.keys(files));
  }
});

test("a small file is read from the cache or the Hub, verified, and not written", async () => {
  const connection = connect(hub, cache);
  const { files: listed } = await listModel(connection, "org/model", "main");
  const [file] = listed;
  if (file === undefined) throw new Error("the listing is empty");
  const request = { repo: "org/model", commit, file, maxBytes: 100 };
  expect((await readHubFile(connection, request)).toString()).toBe("{}");
  expect(contents(cache)).toEqual({});
  expect((await failureOf(readHubFile(connection, { ...request, maxBytes: 1 }))).code).toBe("QS-HUB-ANSWER");
  expect((await failureOf(readHubFile(offline(), request))).code).toBe("QS-HUB-OFFLINE");
  hub.faults = () => ({ kind: "corrupt" });
  expect((await failureOf(readHubFile(connection, request))).code).toBe("QS-FETCH-HASH");
  hub.faults = () => undefined;
  await fetchAll(connection, "org/model");
  expect((await readHubFile(offline(), request)).toString()).toBe("{}");
});
