import { linkSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { Store } from "../../src/engine/store.js";
import { openWorkspace } from "../../src/engine/workspace.js";
import { DigestCache } from "../../src/util/digest-cache.js";
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

test("hard links of this process do not make it read the file again, and other processes read it once", async () => {
  const { folder, record } = await storedRelease(workspace, { "model.gguf": "linked weights" });
  const path = join(folder, "model.gguf");
  const own = open();
  await own.find(record.key);
  linkSync(path, join(out, "own"));
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
