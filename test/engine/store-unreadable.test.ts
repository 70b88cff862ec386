import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { collectCache, listCache } from "../../src/engine/cache.js";
import { Store } from "../../src/engine/store.js";
import { openWorkspace } from "../../src/engine/workspace.js";
import type * as RegularFile from "../../src/util/regular-file.js";
import { storedRelease } from "../fixtures/stored-release.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

// Test files share modules: this one has its own, so that the mock reaches them, and leaves none behind.
vi.hoisted(() => vi.resetModules());
afterAll(() => vi.resetModules());
const disk = vi.hoisted(() => ({ failure: undefined as string | undefined }));
vi.mock("../../src/util/regular-file.js", async (original) => {
  const files = await original<typeof RegularFile>();
  const readRegular: typeof files.readRegular = async (path, maxBytes) => {
    const { failure: code } = disk;
    if (code === undefined || !path.endsWith("record.json")) return files.readRegular(path, maxBytes);
    throw Object.assign(new Error(`${code}: open '${path}'`), { code, syscall: "open", errno: -5, path });
  };
  return { ...files, readRegular };
});

test.each(["EIO", "EMFILE", "EACCES"])("a record that cannot be read now (%s) is not taken for none", async (code) => {
  const workspace = await openWorkspace(join(temporaryFolder(), "out"));
  const { folder, record } = await storedRelease(workspace, { "model.gguf": "weights" });
  disk.failure = code;
  const store = new Store(workspace);
  const works = [
    () => listCache(workspace),
    () => collectCache(workspace, { kind: "days", days: 1 }),
    () => store.find("package", record.key),
    () => store.remove("package", record.key),
  ];
  for (const work of works) await expect(work()).rejects.toMatchObject({ code });
  disk.failure = undefined;
  expect(existsSync(join(folder, "model.gguf"))).toBe(true);
  expect(await store.find("package", record.key)).toMatchObject({ key: record.key });
  await workspace.close();
});
