import { execFileSync } from "node:child_process";
import { chownSync, lstatSync, mkdirSync, readdirSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { beforeEach, expect, test, vi } from "vitest";
import { scratchName } from "../../src/util/scratch.js";
import { withTemporaryFolder } from "../../src/util/temporary-folder.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

let parent: string;

beforeEach(() => {
  parent = temporaryFolder();
  vi.stubEnv("TMPDIR", parent);
  return () => vi.unstubAllEnvs();
});

function leftover(name: string): string {
  mkdirSync(join(parent, name, "sub"), { recursive: true });
  writeFileSync(join(parent, name, "sub", "file"), "");
  return name;
}

function deadName(): string {
  const pid = execFileSync(process.execPath, ["-p", "process.pid"], { encoding: "utf8" }).trim();
  return scratchName("quantsmith").replace(/-\d+-\d+-/, `-${pid}-1-`);
}

test("a temporary folder is private, and is removed after the work, also after an error", async () => {
  const path = await withTemporaryFolder(async (folder) => {
    expect(lstatSync(folder).mode & 0o777).toBe(0o700);
    leftover(basename(folder));
    return folder;
  });
  expect(path.startsWith(join(parent, "quantsmith-"))).toBe(true);
  await expect(withTemporaryFolder(() => Promise.reject(new Error("failed")))).rejects.toThrow("failed");
  expect(readdirSync(parent)).toEqual([]);
});

test("only what killed processes of this user left is removed, without a wait for other machines", async () => {
  leftover(deadName());
  const dead = deadName();
  const kept = [
    leftover(scratchName("quantsmith")),
    leftover(scratchName("quantsmith").replace(/^quantsmith-[0-9a-f]{8}/, "quantsmith-00000000")),
    leftover(`${dead}-mine`),
    leftover(dead.replace("quantsmith", "run")),
    leftover("quantsmith-publish-AbCdEf"),
  ];
  const longAgo = new Date(Date.now() - 3_600_000);
  utimesSync(join(parent, kept[1] ?? ""), longAgo, longAgo);
  if (process.getuid?.() === 0) {
    kept.push(leftover(deadName()));
    chownSync(join(parent, kept.at(-1) ?? ""), 12345, 12345);
  }
  symlinkSync(join(parent, kept[0] ?? ""), join(parent, dead));
  const started = performance.now();
  await withTemporaryFolder(async () => undefined);
  expect(performance.now() - started).toBeLessThan(10_000);
  expect(readdirSync(parent).sort()).toEqual(kept.sort());
  expect(readdirSync(join(parent, kept[0] ?? "", "sub"))).toEqual(["file"]);
});
