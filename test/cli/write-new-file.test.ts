import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import type * as Files from "node:fs/promises";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { writeNewFile } from "../../src/cli/init/write-new-file.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

// Test files share modules: this one has its own, so that the mock reaches them, and leaves none behind.
vi.hoisted(() => vi.resetModules());
afterAll(() => vi.resetModules());
let beforeWrite = () => {};
vi.mock("node:fs/promises", async (original) => {
  const files = await original<typeof Files>();
  const open: typeof files.open = async (path, flags, mode) => {
    if (flags === "wx") beforeWrite();
    return files.open(path, flags, mode);
  };
  return { ...files, open };
});

test("a file that appears while a new one is written stays", async () => {
  const folder = temporaryFolder();
  const path = join(folder, "recipe.yaml");
  beforeWrite = () => writeFileSync(path, "mine");
  const rules = { force: false, mayReplace: () => false };
  await expect(writeNewFile(path, "text", rules)).rejects.toMatchObject({ code: "QS-INIT-EXISTS" });
  expect([readFileSync(path, "utf8"), readdirSync(folder)]).toEqual(["mine", ["recipe.yaml"]]);
  expect(await writeNewFile(path, "text", { ...rules, force: true })).toBe("written");
  beforeWrite = () => {};
  expect(await writeNewFile(join(folder, "other.yaml"), "text", rules)).toBe("written");
  expect(existsSync(join(folder, "other.yaml"))).toBe(true);
});

test("an overwritten file keeps its permissions", async () => {
  const path = join(temporaryFolder(), "recipe.yaml");
  writeFileSync(path, "old");
  chmodSync(path, 0o600);
  await writeNewFile(path, "new", { force: true, mayReplace: () => false });
  expect([readFileSync(path, "utf8"), statSync(path).mode & 0o777]).toEqual(["new", 0o600]);
});
