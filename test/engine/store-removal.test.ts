import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { Store } from "../../src/engine/store.js";
import { openWorkspace } from "../../src/engine/workspace.js";
import { dyingFiles } from "../fixtures/dying-files.js";
import { storedRelease } from "../fixtures/stored-release.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

// Test files share modules: this one has its own, so that the mock reaches them, and leaves none behind.
vi.hoisted(() => vi.resetModules());
afterAll(() => vi.resetModules());
vi.mock("node:fs/promises", async (original) => {
  const { dyingFiles } = await import("../fixtures/dying-files.js");
  return dyingFiles.wrap(await original());
});

test.each([
  ["a finished step", true],
  ["a folder without a record", false],
])("a file that another program creates in %s during its removal stays", async (_, isFinished) => {
  const workspace = await openWorkspace(temporaryFolder());
  const store = new Store(workspace);
  const { folder, record } = await storedRelease(workspace, { "model.gguf": "weights", "sub/more.gguf": "weights" });
  if (!isFinished) writeFileSync(join(folder, "record.json"), "");
  dyingFiles.start();
  // A program with its working directory in the folder.
  const isRemoval = (name: string) => ["rm", "unlink", "rmdir"].includes(name);
  dyingFiles.before = (name) => {
    const trash = readdirSync(workspace.scratch).find((entry) => entry.startsWith("discarded-"));
    if (!isRemoval(name) || trash === undefined) return;
    writeFileSync(join(workspace.scratch, trash, "notes.txt"), "mine");
    if (!existsSync(join(workspace.scratch, trash, "empty"))) mkdirSync(join(workspace.scratch, trash, "empty"));
  };
  const moved: string[] = [];
  await store.remove("package", record.key, (path) => moved.push(path));
  dyingFiles.start();
  expect(moved).toEqual([`${folder}.replaced-1`]);
  expect(readdirSync(`${folder}.replaced-1`).sort()).toEqual(["empty", "notes.txt"]);
  expect(readFileSync(join(`${folder}.replaced-1`, "notes.txt"), "utf8")).toBe("mine");
  expect(existsSync(folder)).toBe(false);
  await workspace.close();
});
