import {
  lchownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { gguf } from "@huggingface/gguf";
import { execaSync } from "execa";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readHubFile } from "../../src/hub/read-file.js";
import { hubRangeReader } from "../../src/hub/read-range.js";
import { sha256 } from "../../src/util/sha256.js";
import { failureOf } from "../fixtures/failure.js";
import { buildGguf } from "../fixtures/gguf-builder.js";
import { connect, contents, digests, fetchAll, someBytes, type Told } from "../fixtures/hub-client.js";
import { Hub } from "../fixtures/hub-server/hub.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";
import { until } from "../fixtures/until.js";

const base = temporaryFolder();
const large = someBytes(1, 500_000);
const files = {
  "config.json": '{"architectures":["LlamaForCausalLM"]}',
  "README.md": "",
  "model.safetensors": large,
  "sub folder/naïve 模型 #1?.txt": "odd name",
};
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

const storageBytes = () =>
  hub.requests.filter(({ server }) => server === "storage").reduce((sum, { sent }) => sum + sent.end - sent.start, 0);

describe("a download", () => {
  test("stores every file in the Hugging Face cache layout", async () => {
    const commit = hub.create("org/model").commit(files);
    const told: Told = { notes: [], progress: [] };
    const folder = await fetchAll(connect(hub, cache), "org/model", "main", told);
    expect(folder).toBe(join(cache, "models--org--model", "snapshots", commit));
    expect(contents(folder)).toEqual(wanted);
    expect(readFileSync(join(cache, "models--org--model", "refs", "main"), "utf8")).toBe(commit);
    for (const path of Object.keys(files)) {
      const link = readlinkSync(join(folder, path));
      expect(link).toMatch(path.includes("/") ? /^\.\.\/\.\.\/\.\.\/blobs\/\w+$/ : /^\.\.\/\.\.\/blobs\/\w+$/);
    }
    expect(lstatSync(join(folder, "model.safetensors")).isSymbolicLink()).toBe(true);
    const last = told.progress.at(-1);
    expect(last?.done).toBe(last?.total);
    expect(last?.total).toBe(Object.values(files).reduce((sum, content) => sum + Buffer.byteLength(content), 0));
  });

  test("requests parts of large files from the storage and reuses signed addresses", async () => {
    hub.create("org/model").commit(files);
    await fetchAll(connect(hub, cache), "org/model");
    const parts = hub.requests.filter(({ server }) => server === "storage");
    expect(parts.length).toBe(Math.ceil(large.length / 65_536));
    expect(parts.every(({ status }) => status === 206)).toBe(true);
    expect(hub.requests.filter(({ path }) => path.endsWith("/model.safetensors")).length).toBeLessThanOrEqual(4);
    expect(storageBytes()).toBe(large.length);
  });

  test("resolves the revision with one request and then uses the commit", async () => {
    const repo = hub.create("org/model");
    const commit = repo.commit(files);
    await fetchAll(connect(hub, cache), "org/model");
    const named = hub.requests.filter(({ server, path }) => server === "hub" && !path.includes(commit));
    expect(named.map(({ path }) => path)).toEqual(["/api/models/org/model/revision/main"]);
  });

  test("downloads the files of one commit if the revision moves meanwhile", async () => {
    const repo = hub.create("org/model");
    const first = repo.commit(files);
    hub.faults = ({ path }) => {
      if (path.includes("/tree/"))
        repo.commit({ ...files, "model.safetensors": someBytes(2, 400_000), "new.txt": "x" });
      return undefined;
    };
    const folder = await fetchAll(connect(hub, cache), "org/model");
    expect(folder).toContain(first);
    expect(contents(folder)).toEqual(wanted);
  });

  test("uses verified cached files and replaces damaged ones", async () => {
    hub.create("org/model").commit(files);
    const folder = await fetchAll(connect(hub, cache), "org/model");
    const before = storageBytes();
    await fetchAll(connect(hub, cache), "org/model");
    expect(storageBytes()).toBe(before);
    const damaged = Buffer.from(large);
    damaged[1000] = 0xff ^ (damaged[1000] ?? 0);
    writeFileSync(join(folder, "model.safetensors"), damaged);
    expect(contents(await fetchAll(connect(hub, cache), "org/model"))).toEqual(wanted);
    expect(storageBytes()).toBe(2 * before);
  });

  test("replaces a link at the name of its partial file", async () => {
    hub.create("org/model").commit(files);
    const other = join(mkdtempSync(join(base, "other-")), "file");
    writeFileSync(other, large);
    const blobs = join(cache, "models--org--model", "blobs");
    mkdirSync(blobs, { recursive: true });
    const name = join(blobs, `${sha256(large)}.quantsmith.incomplete`);
    symlinkSync(other, name);
    // Of an earlier process that had finished every piece.
    const pieces = Array.from({ length: Math.ceil(large.length / 16_384) }, (_, piece) => `${piece}\n`).join("");
    const journal = `${JSON.stringify({ format: 1, bytes: large.length, pieceBytes: 16_384 })}\n${pieces}`;
    writeFileSync(`${name}.journal`, journal);
    const folder = await fetchAll(connect(hub, cache), "org/model");
    expect(contents(folder)).toEqual(wanted);
    expect(lstatSync(join(blobs, sha256(large))).isFile()).toBe(true);
    expect(readFileSync(other)).toEqual(large);
  });

  test("a link in place of a snapshot does not lead to the blobs of another repository", async () => {
    const commit = hub.create("org/model").commit(files);
    const other = join(cache, "models--evil--other");
    mkdirSync(join(other, "snapshots/x"), { recursive: true });
    mkdirSync(join(other, "blobs"));
    writeFileSync(join(other, "blobs", sha256(large)), "evil");
    mkdirSync(join(cache, "models--org--model/snapshots"), { recursive: true });
    symlinkSync("../../models--evil--other/snapshots/x", join(cache, "models--org--model/snapshots", commit));
    expect((await failureOf(fetchAll(connect(hub, cache), "org/model"))).code).toBe("QS-ENV-CACHE");
    expect(readdirSync(join(other, "snapshots/x"))).toEqual([]);
  });

  describe.runIf(process.getuid?.() === 0)("another user of the cache", () => {
    test.each(["snapshots", "refs", "trees", "blobs"])("a link in place of %s is not followed", async (name) => {
      const commit = hub.create("org/model").commit(files);
      const mine = mkdtempSync(join(base, "mine-"));
      for (const file of ["config.json", "main", `${commit}.json`, sha256(large)])
        writeFileSync(join(mine, file), "mine");
      const folder = join(cache, "models--org--model");
      mkdirSync(join(folder, "snapshots"), { recursive: true });
      const link = name === "snapshots" ? join(folder, name, commit) : join(folder, name);
      symlinkSync(mine, link);
      lchownSync(link, 65534, 65534);
      await expect(fetchAll(connect(hub, cache), "org/model")).rejects.toMatchObject({ code: "QS-ENV-CACHE" });
      for (const file of readdirSync(mine)) expect(readFileSync(join(mine, file), "utf8")).toBe("mine");
      expect(readdirSync(mine)).toHaveLength(4);
      // This user's own link is followed, but not to a snapshot beside other blobs.
      lchownSync(link, 0, 0);
      rmSync(join(mine, "config.json"));
      const again = fetchAll(connect(hub, cache), "org/model");
      if (name !== "snapshots") {
        await again;
        return;
      }
      expect((await failureOf(again)).message).toContain(`${link} in the Hugging Face cache: it is a link to a folder`);
      expect(readdirSync(mine)).not.toContain("config.json");
    });

    test("a link in place of the cache folder is not followed", async () => {
      hub.create("org/model").commit(files);
      const mine = mkdtempSync(join(base, "mine-"));
      const link = join(cache, "hub");
      symlinkSync(mine, link);
      lchownSync(link, 65534, 65534);
      const { code, message } = await failureOf(fetchAll(connect(hub, link), "org/model"));
      expect([code, message]).toEqual(["QS-ENV-CACHE", expect.stringContaining(link)]);
      expect(readdirSync(mine)).toEqual([]);
      lchownSync(link, 0, 0);
      await fetchAll(connect(hub, link), "org/model");
    });
  });

  test("replaces a named pipe at the name of a blob, without waiting for a writer", async () => {
    const commit = hub.create("org/model").commit(files);
    const blobs = join(cache, "models--org--model", "blobs");
    mkdirSync(blobs, { recursive: true });
    execaSync("mkfifo", [join(blobs, sha256(large))]);
    const connection = connect(hub, cache);
    const file = { path: "model.safetensors", bytes: large.length, digest: `sha256:${sha256(large)}`, blobId: "" };
    expect(await hubRangeReader(connection, { repo: "org/model", commit, file })(0, 8)).toEqual(large.subarray(0, 8));
    const maxBytes = large.length;
    expect(await readHubFile(connection, { repo: "org/model", commit, file, maxBytes })).toEqual(large);
    expect(contents(await fetchAll(connection, "org/model"))).toEqual(wanted);
  });

  test.each([
    ["blob", (commit: string) => `blobs/${sha256(large)}${commit.slice(40)}`],
    ["file of a snapshot", (commit: string) => `snapshots/${commit}/model.safetensors`],
    ["stored listing", (commit: string) => `trees/${commit}.json`],
    ["partial download", () => `blobs/${sha256(large)}.quantsmith.incomplete`],
  ])("refuses a folder in place of a %s", async (_what, name) => {
    const commit = hub.create("org/model").commit(files);
    const path = join(cache, "models--org--model", name(commit));
    mkdirSync(join(path, "mine"), { recursive: true });
    const error = await failureOf(fetchAll(connect(hub, cache), "org/model"));
    expect(error).toMatchObject({ code: "QS-ENV-CACHE", remedy: expect.stringContaining("HF_HUB_CACHE") });
    expect(error.message).toBe(`cannot write ${path} in the Hugging Face cache: it is a folder`);
    expect(readdirSync(path)).toEqual(["mine"]);
  });

  test("refuses a file in place of a link, as an editor leaves, unless its content is the same", async () => {
    const commit = hub.create("org/model").commit(files);
    const folder = await fetchAll(connect(hub, cache), "org/model");
    const path = join(cache, "models--org--model", "snapshots", commit, "config.json");
    const content = readFileSync(path);
    rmSync(path);
    writeFileSync(path, content);
    await fetchAll(connect(hub, cache), "org/model");
    rmSync(path);
    writeFileSync(path, "mine");
    const error = await failureOf(fetchAll(connect(hub, cache), "org/model"));
    expect([error.code, error.message]).toEqual(["QS-ENV-CACHE", expect.stringContaining(`cannot write ${path}`)]);
    expect(readFileSync(join(folder, "config.json"), "utf8")).toBe("mine");
  });

  test("refuses a file in place of a folder", async () => {
    hub.create("org/model").commit(files);
    mkdirSync(join(cache, "models--org--model"));
    const path = join(cache, "models--org--model", "snapshots");
    writeFileSync(path, "");
    const error = await failureOf(fetchAll(connect(hub, cache), "org/model"));
    expect(error).toMatchObject({ code: "QS-ENV-CACHE", message: expect.stringContaining(path) });
  });

  test("shares content between commits and files", async () => {
    const repo = hub.create("org/model");
    repo.commit(files);
    await fetchAll(connect(hub, cache), "org/model");
    const before = storageBytes();
    repo.commit({ ...files, "config.json": "{}", "copy.safetensors": large });
    const folder = await fetchAll(connect(hub, cache), "org/model");
    expect(contents(folder)["copy.safetensors"]).toBe(wanted["model.safetensors"]);
    expect(storageBytes()).toBe(before);
  });

  test("reads listings of several pages", async () => {
    hub.pageSize = 7;
    const many = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`file-${index}.txt`, `${index}`]));
    hub.create("org/model").commit(many);
    const folder = await fetchAll(connect(hub, cache), "org/model");
    expect(Object.keys(contents(folder)).length).toBe(40);
  });

  test("shares the work of two concurrent downloads", async () => {
    hub.create("org/model").commit(files);
    hub.faults = () => ({ kind: "slow", chunkBytes: 20_000, delayMs: 5 });
    const [one, two] = await Promise.all([
      fetchAll(connect(hub, cache), "org/model"),
      fetchAll(connect(hub, cache), "org/model"),
    ]);
    expect(contents(one)).toEqual(wanted);
    expect(contents(two)).toEqual(wanted);
    expect(storageBytes()).toBe(large.length);
  });

  test("aborts on its signal and continues later", async () => {
    hub.create("org/model").commit(files);
    hub.faults = ({ server }) => (server === "storage" ? { kind: "slow", chunkBytes: 8192, delayMs: 5 } : undefined);
    const stop = new AbortController();
    const told: Told = { notes: [], progress: [] };
    const stopped = fetchAll(connect(hub, cache), "org/model", "main", told, stop.signal);
    await until(() => storageBytes() >= 200_000);
    stop.abort(new Error("enough"));
    await expect(stopped).rejects.toThrow("enough");
    const sent = storageBytes();
    hub.faults = () => undefined;
    expect(contents(await fetchAll(connect(hub, cache), "org/model"))).toEqual(wanted);
    // Up to one piece for each of four connections, plus socket buffers.
    expect(storageBytes() - large.length).toBeLessThan(Math.min(sent, 4 * (16_384 + 65_536)));
  });
});

test("@huggingface/gguf reads a header by its URL, with ranges beyond the end of the file", async () => {
  const file = buildGguf({ tensors: [{ name: "a.weight", shape: [32] }] });
  hub.create("org/gguf").commit({ "model.gguf": file }, "main", 100);
  const { tensorInfos } = await gguf(`${hub.url}/org/gguf/resolve/main/model.gguf`);
  expect(tensorInfos.map(({ name }) => name)).toEqual(["a.weight"]);
  const { status, start, end } = ranges().at(-1) ?? {};
  expect([status, start, end]).toEqual([206, 0, file.length]);
});

const ranges = () =>
  hub.requests.filter(({ server }) => server === "storage").map(({ status, sent }) => ({ status, ...sent }));

describe("a server without range requests or with changing content", () => {
  test("whole files only: downloads them", async () => {
    hub.create("org/model").commit(files);
    hub.faults = ({ server }) => (server === "storage" ? { kind: "whole" } : undefined);
    expect(contents(await fetchAll(connect(hub, cache), "org/model"))).toEqual(wanted);
  });

  test("another ETag once: restarts without mixing content", async () => {
    hub.create("org/model").commit(files);
    hub.faults = ({ server, earlier }) =>
      server === "storage" && earlier === 5 ? { kind: "etag", etag: '"other"' } : undefined;
    expect(contents(await fetchAll(connect(hub, cache), "org/model"))).toEqual(wanted);
    expect(storageBytes()).toBeGreaterThan(large.length);
  });

  test("another ETag every time: fails", async () => {
    hub.create("org/model").commit(files);
    hub.faults = ({ server, earlier }) => (server === "storage" ? { kind: "etag", etag: `"${earlier}"` } : undefined);
    const error = await failureOf(fetchAll(connect(hub, cache), "org/model"));
    expect(error.code).toBe("QS-HUB-ANSWER");
  });

  test("wrong bytes of the right size once: downloads again", async () => {
    hub.create("org/model").commit(files);
    let wrong = true;
    hub.faults = ({ server }) => {
      if (server !== "storage" || !wrong) return undefined;
      wrong = false;
      return { kind: "corrupt" };
    };
    const told: Told = { notes: [], progress: [] };
    expect(contents(await fetchAll(connect(hub, cache), "org/model", "main", told))).toEqual(wanted);
    expect(told.notes.join()).toContain("model.safetensors: wrong digest");
  });

  test.each(["model.safetensors", "config.json"] as const)(
    "wrong bytes of the right size in %s every time: fails",
    async (path) => {
      hub.create("org/model").commit({ [path]: files[path] });
      hub.faults = (request) =>
        request.path.endsWith("config.json") || request.server === "storage" ? { kind: "corrupt" } : undefined;
      const error = await failureOf(fetchAll(connect(hub, cache), "org/model"));
      expect(error.code).toBe("QS-FETCH-HASH");
      expect(error.message).toContain(path);
      expect(Object.keys(contents(join(cache, "models--org--model")))).toEqual([]);
    },
  );
});
