import { linkSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { renderRecord, type StepRecord } from "../../src/engine/record.js";
import { Store } from "../../src/engine/store.js";
import { openWorkspace } from "../../src/engine/workspace.js";
import { DigestCache } from "../../src/util/digest-cache.js";
import { linkOrCopy } from "../../src/util/files.js";
import { storedRelease } from "../fixtures/stored-release.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const out = temporaryFolder();
let workspace: Awaited<ReturnType<typeof openWorkspace>>;
beforeAll(async () => {
  workspace = await openWorkspace(out);
});
afterAll(() => workspace.close());

/** A store as a new process sees it, and the number of files that it has read. */
function open() {
  const digests = new DigestCache();
  const reads = vi.spyOn(digests, "digest");
  const store = new Store(workspace, digests);
  return { find: (key: string) => store.find("package", key), reads: () => reads.mock.calls.length };
}

test("a file edited in place whose time was set back is detected", async () => {
  const { folder, record } = await storedRelease(workspace, { "model.gguf": "weights" });
  const path = join(folder, "model.gguf");
  const { atime, mtime, ctimeNs } = statSync(path, { bigint: true });
  do {
    writeFileSync(path, "Weights");
    utimesSync(path, atime, mtime);
    // A coarse clock of the file system.
  } while (statSync(path, { bigint: true }).ctimeNs === ctimeNs);
  expect(readFileSync(path)).toHaveLength(7);
  expect(await open().find(record.key)).toBeUndefined();
});

test("an edit in place of a verified file is detected, with its time set back and a new hard link", async () => {
  const { folder, record } = await storedRelease(workspace, { "model.gguf": "verified" });
  const path = join(folder, "model.gguf");
  const { find, reads } = open();
  expect(await find(record.key)).toBeDefined();
  const { atime, mtime } = statSync(path);
  // A hard link of another program, without an edit.
  waitForClock(path, () => linkSync(path, join(out, `verified-${process.hrtime.bigint()}`)));
  for (let look = 0; look < 2; look++) expect(await find(record.key)).toBeDefined();
  expect(reads()).toBe(1);
  waitForClock(path, () => {
    writeFileSync(path, "Verified");
    utimesSync(path, atime, mtime);
  });
  linkSync(path, join(out, "edited"));
  expect(await find(record.key)).toBeUndefined();
});

/** Repeats a change until a coarse clock of the file system shows it. */
function waitForClock(path: string, change: () => void): void {
  const { ctimeNs } = statSync(path, { bigint: true });
  do change();
  while (statSync(path, { bigint: true }).ctimeNs === ctimeNs);
}

test("hard links of this process do not make it read the file again, and other processes read it once", async () => {
  const { folder, record } = await storedRelease(workspace, { "model.gguf": "linked weights" });
  const path = join(folder, "model.gguf");
  const own = open();
  await own.find(record.key);
  await linkOrCopy(path, join(out, "own"));
  await own.find(record.key);
  expect(own.reads()).toBe(0);
  const next = open();
  await next.find(record.key);
  expect(next.reads()).toBe(0);
  rmSync(join(out, "own"));
  const { ctimeNs } = statSync(path, { bigint: true });
  do linkSync(path, join(out, `other-${process.hrtime.bigint()}`));
  while (statSync(path, { bigint: true }).ctimeNs === ctimeNs);
  for (const reads of [1, 0]) {
    const other = open();
    await other.find(record.key);
    expect(other.reads()).toBe(reads);
  }
});

test.each([
  ["the step's folder", ""],
  ["a folder in it", "snapshot"],
])("a file behind a link at %s is read, but not dropped", async (what, path) => {
  const { folder, record } = await storedRelease(workspace, { "snapshot/model.gguf": what });
  const moved = join(out, `mine-${path}`);
  renameSync(join(folder, path), moved);
  symlinkSync(moved, join(folder, path));
  const store = new Store(workspace);
  expect(await store.find("package", record.key)).toMatchObject({ key: record.key });
  expect(await store.drop(record, "snapshot/model.gguf")).toBe(record);
  expect(readFileSync(join(folder, "snapshot/model.gguf"), "utf8")).toBe(what);
});

test.each<[string, (record: StepRecord) => object]>([
  ["of a file above", ({ outputs }) => ({ outputs: [{ ...outputs[0], path: "../mine" }] })],
  ["of a file below another folder", ({ outputs }) => ({ outputs: [{ ...outputs[0], path: "a/../../mine" }] })],
  ["of an absolute path", ({ outputs }) => ({ outputs: [{ ...outputs[0], path: join(out, "mine") }] })],
  ["of the folder itself", ({ outputs }) => ({ outputs: [{ ...outputs[0], path: "." }] })],
  ["without a fingerprint", () => ({ fingerprint: null })],
  ["with other outputs", () => ({ outputs: [7] })],
  ["with a size as text", ({ outputs }) => ({ outputs: [{ ...outputs[0], bytes: "7" }] })],
  ["with other warnings", () => ({ warnings: 5 })],
])("a record %s counts as none", async (what, change) => {
  const { folder, record } = await storedRelease(workspace, { "model.gguf": what });
  const path = join(folder, "record.json");
  writeFileSync(path, renderRecord({ ...record, ...change(record) } as StepRecord));
  const store = new Store(workspace);
  expect(await store.find("package", record.key)).toBeUndefined();
  expect((await store.records()).map(({ record: { key } }) => key)).not.toContain(record.key);
});
