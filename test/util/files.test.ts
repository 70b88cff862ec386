import { readdirSync, writeFileSync } from "node:fs";
import type * as Files from "node:fs/promises";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { errorReport } from "../../src/util/error-report.js";
import { removeUnfinishedWrites, writeFileAtomic } from "../../src/util/files.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

// Test files share modules: this one has its own, so that the mock reaches them, and leaves none behind.
vi.hoisted(() => vi.resetModules());
afterAll(() => vi.resetModules());
const disk = vi.hoisted(() => ({ isReadOnly: false }));
vi.mock("node:fs/promises", async (original) => {
  const files = await original<typeof Files>();
  const open: typeof Files.open = async (...args) => {
    const file = await files.open(...args);
    const failure = Object.assign(new Error("EROFS: read-only file system, write"), { code: "EROFS" });
    if (disk.isReadOnly) file.writeFile = () => Promise.reject(failure);
    return file;
  };
  return { ...files, open };
});

test("a failed write to an open file has a code for users, and leaves nothing", async () => {
  const folder = temporaryFolder();
  disk.isReadOnly = true;
  const failure = await writeFileAtomic(join(folder, "record.json"), "new").catch((error: unknown) => error);
  disk.isReadOnly = false;
  expect(errorReport(failure).code).toBe("QS-ENV-FILE");
  expect(readdirSync(folder)).toEqual([]);
});

test("removes what killed writes of one file left, and nothing else", async () => {
  const folder = temporaryFolder();
  const kept = [
    `.other.json.123.${"0".repeat(32)}`,
    ".record.json.20261130.0123abcd",
    ".record.json",
    ".record.json.backup",
    "record.json",
  ];
  for (const name of [...kept, `.record.json.123.${"0".repeat(32)}`]) writeFileSync(join(folder, name), "");
  await removeUnfinishedWrites(join(folder, "record.json"));
  expect(readdirSync(folder).sort()).toEqual([...kept].sort());
});
