import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { afterAll, beforeEach, describe, expect, test, vi } from "vitest";
import { removeFolder, replaceFolder, withFolderLock } from "../../src/util/replace-folder.js";
import { type Death, dyingFiles } from "../fixtures/dying-files.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

// Test files share modules: this one has its own, so that the mock reaches them, and leaves none behind.
vi.hoisted(() => vi.resetModules());
afterAll(() => vi.resetModules());
vi.mock("node:fs/promises", async (original) => {
  const { dyingFiles } = await import("../fixtures/dying-files.js");
  return dyingFiles.wrap(await original());
});
// A dead process loses its lock; here it lives on with it.
vi.mock("../../src/util/lock.js", () => ({
  withLock: (_path: string, _options: object, work: () => unknown) => work(),
}));

const base = temporaryFolder();
let parent: string;
let path: string;
const keep = async () => undefined;

beforeEach(() => {
  dyingFiles.start();
  parent = mkdtempSync(join(base, "parent-"));
  path = join(parent, "release");
});

/** Content of a folder; a complete one has all three files of one version. */
const content = (folder: string) => readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8"));
const complete = (version: string) => [version, version, version];
const build = (version: string) => async (next: string) => {
  for (const name of ["a", "b", "c"]) await writeFile(join(next, name), version);
};
const replace = (version: string) => withFolderLock(path, {}, () => replaceFolder(path, build(version), keep));
const repair = () => withFolderLock(path, {}, keep);

function old(): void {
  mkdirSync(path);
  for (const name of ["a", "b", "c"]) writeFileSync(join(path, name), "old");
}

/** Runs work that dies at its `at`-th operation. Returns false if the work ended before. */
async function dieAt(at: number, kind: Death, work: () => Promise<void>): Promise<boolean> {
  dyingFiles.start(at, kind);
  const ended = await Promise.race([
    work().then(
      () => dyingFiles.operations.length > at,
      () => true,
    ),
    dyingFiles.died.then(() => true),
  ]);
  dyingFiles.start();
  return ended;
}

describe.each<Death>(["before", "halfway", "error", "errors"])(
  "an end of the process at every operation: %s",
  (kind) => {
    test.each([
      ["replacing", () => replace("new"), ["old", "new"]],
      ["removing", () => withFolderLock(path, {}, () => removeFolder(path, keep)), ["old", undefined]],
    ])("%s leaves the old or the new content, and the next process removes the rest", async (_, work, allowed) => {
      const states = new Set<string | undefined>();
      let at = 0;
      for (let dies = true; dies; at++) {
        parent = mkdtempSync(join(base, "parent-"));
        path = join(parent, "release");
        old();
        dies = await dieAt(at, kind, work);
        // Without a repair, the complete content is in place, or beside it between two renames.
        const found = readdirSync(parent).map((name) => content(join(parent, name)).join());
        if (allowed[1] !== undefined)
          expect(found).toEqual(expect.arrayContaining([expect.stringMatching(/^(old|new),\1,\1$/)]));
        await repair();
        const version = existsSync(path) ? content(path)[0] : undefined;
        expect(allowed).toContain(version);
        if (version !== undefined) expect(content(path)).toEqual(complete(version));
        expect(readdirSync(parent)).toEqual(version === undefined ? [] : ["release"]);
        states.add(version);
      }
      expect(at).toBeGreaterThan(5);
      expect([...states].sort()).toEqual([...allowed].sort());
    });

    test("a repair that ends, too, at every operation", async () => {
      for (let first = 0, dies = true; dies; first++) {
        for (let second = 0, diesAgain = true; diesAgain; second++) {
          parent = mkdtempSync(join(base, "parent-"));
          path = join(parent, "release");
          old();
          dies = await dieAt(first, kind, () => replace("new"));
          diesAgain = await dieAt(second, kind, repair);
          await repair();
          expect(readdirSync(parent)).toEqual(["release"]);
          expect(content(path)).toEqual(complete(content(path)[0] ?? ""));
        }
      }
    });
  },
);

test("a missing folder and a missing parent", async () => {
  path = join(parent, "deep", "release");
  await replace("new");
  expect(content(path)).toEqual(complete("new"));
  expect(readdirSync(join(parent, "deep"))).toEqual(["release"]);
});

test("a rejected old folder stays in place", async () => {
  old();
  const rejected = () => Promise.reject(new Error("changed"));
  await expect(withFolderLock(path, {}, () => replaceFolder(path, build("new"), rejected))).rejects.toThrow("changed");
  await expect(withFolderLock(path, {}, () => removeFolder(path, rejected))).rejects.toThrow("changed");
  expect(content(path)).toEqual(complete("old"));
  expect(readdirSync(parent)).toEqual(["release"]);
});

test("a folder created after a kill between the renames: both stay", async () => {
  mkdirSync(path);
  writeFileSync(join(path, "mine"), "mine");
  for (const kind of ["old", "next"]) {
    mkdirSync(join(parent, `.release.${kind}-0123abcd`));
    writeFileSync(join(parent, `.release.${kind}-0123abcd`, "a"), kind);
  }
  await expect(repair()).rejects.toThrow(basename(path));
  expect(readdirSync(parent).sort()).toEqual([".release.next-0123abcd", ".release.old-0123abcd", "release"]);
});

test("foreign siblings stay", async () => {
  const names = [".release.next-mine", ".release.old", ".other.next-0123abcd", "release.old-0123abcd"];
  for (const name of names) mkdirSync(join(parent, name));
  await replace("new");
  expect(readdirSync(parent).sort()).toEqual([...names, "release"].sort());
});
