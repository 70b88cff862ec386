import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { findLock } from "../../src/cli/prepare-plan.js";
import { findLockFile, type LockFile, movedRevision, requireLocked } from "../../src/plan/lock-file.js";
import type { Plan } from "../../src/plan/plan.js";
import type { Settings } from "../../src/recipe/settings.js";
import { failureOf, thrownBy } from "../fixtures/failure.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const base = temporaryFolder();
const foreign = `version: 1
s3cr3t_key: s3cr3t
accounts: [{ user: alice, pass: s3cr3t }]
model: { commit: s3cr3t-word, key: s3cr3t }
`;
const plan = {
  compute: { compute: { backend: "cpu" }, reason: "" },
  report: { params: { lock: { version: 1, model: { commit: "now" }, pipeline: "release" } } },
} as unknown as Plan;
let home: string;
let repo: string;
let settings: Settings;

beforeEach(() => {
  home = mkdtempSync(join(base, "home-"));
  repo = join(home, "repo");
  mkdirSync(join(home, ".config"));
  mkdirSync(join(repo, ".git"), { recursive: true });
  for (const path of ["app.yml", "app.json", ".config/app.yml"]) writeFileSync(join(home, path), foreign);
  settings = { name: "r", file: join(repo, "r.yaml") } as Settings;
});

test.each(["1e999", ".inf", "-.inf", ".nan"])("a lock file with the number %s is refused", async (number) => {
  const path = join(repo, "recipe.lock.yaml");
  writeFileSync(path, `version: 1\nevaluation: { chunks: ${number} }\n`);
  const files = [{ path, folder: repo }];
  expect(await failureOf(findLockFile(files))).toMatchObject({ code: "QS-LOCK-MISSING", at: { file: path } });
});

test.each(["../.config/app.yml", "../app.json"])("a lock file that is a link to %s is not read", async (target) => {
  symlinkSync(target, join(repo, "r.lock.yaml"));
  for (const locked of [true, join(repo, "r.lock.yaml")]) {
    const error = await failureOf(findLock(settings, { locked, out: "none" }));
    expect(error).toMatchObject({ code: "QS-RECIPE-YAML", message: expect.stringContaining("so it is not read") });
  }
});

test("a lock file that is a link out of the repository: no key and no value of it is shown", async () => {
  symlinkSync("../app.yml", join(repo, "r.lock.yaml"));
  for (const locked of [true, join(repo, "r.lock.yaml")]) {
    const lock = (await findLock(settings, { locked, out: "none" })) as LockFile;
    const error = thrownBy(() => requireLocked(plan, lock));
    expect(error).toMatchObject({ code: "QS-LOCK-MOVED" });
    expect(error.message).toMatch(/: other members; model\.commit; pipeline$/);
    expect(movedRevision(plan, lock)).toBeUndefined();
  }
});

test("a lock file within the repository: values only of members that the plan has, too", async () => {
  writeFileSync(join(repo, "r.lock.yaml"), foreign.replace("s3cr3t-word", "before"));
  const lock = (await findLock(settings, { locked: true, out: "none" })) as LockFile;
  const { message } = thrownBy(() => requireLocked(plan, lock));
  expect(message).toMatch(/: accounts: only in the lock file; model.commit: "before" → "now"; model.key: only/);
  expect(message).toMatch(/; pipeline: nothing → "release"; s3cr3t_key: only in the lock file$/);
  expect(movedRevision(plan, lock)).toContain("commit before");
});

test("the lock file of a release in a linked output folder is the user's own", async () => {
  const release = join(home, ".disk/out/releases/r");
  mkdirSync(release, { recursive: true });
  writeFileSync(join(release, "recipe.lock.yaml"), "version: 1\npipeline: preview\n");
  symlinkSync("../.disk/out", join(repo, "out"));
  const lock = (await findLock(settings, { locked: true, out: join(repo, "out") })) as LockFile;
  expect(thrownBy(() => requireLocked(plan, lock)).message).toContain('pipeline: "preview" → "release"');
});
