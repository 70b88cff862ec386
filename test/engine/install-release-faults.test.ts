import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { installRelease, withdrawRelease } from "../../src/engine/install-release.js";
import { openWorkspace } from "../../src/engine/workspace.js";
import { listFiles } from "../../src/util/files.js";
import { type Death, dyingFiles } from "../fixtures/dying-files.js";
import { releaseTarget, storedRelease } from "../fixtures/stored-release.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

// Test files share modules: this one has its own, so that the mock reaches them, and leaves none behind.
vi.hoisted(() => vi.resetModules());
afterAll(() => vi.resetModules());
vi.mock("node:fs/promises", async (original) => {
  const { dyingFiles } = await import("../fixtures/dying-files.js");
  return dyingFiles.wrap(await original());
});
vi.mock("../../src/util/lock.js", async () => ({
  withLock: (await import("../fixtures/latest-lock.js")).withLatestLock,
}));

const home = temporaryFolder();
let workspace: Awaited<ReturnType<typeof openWorkspace>>;
beforeAll(async () => {
  workspace = await openWorkspace(join(home, "out"));
});
afterAll(() => workspace.close());

const old = { "demo-Q8_0.gguf": "weights", "README.md": "old card" };
const next = { "demo-Q8_0.gguf": "weights", "demo-Q4_K_M.gguf": "small", "README.md": "next card" };
let count = 0;

/** The old release in place, and what a run does next. */
async function start() {
  dyingFiles.start();
  const name = `demo-${count++}`;
  const target = await releaseTarget(workspace, join(home, `${name}.yaml`), { name });
  const [before, after] = [await storedRelease(workspace, old), await storedRelease(workspace, next)];
  await installRelease(target, before);
  const names = () => readdirSync(workspace.releases).filter((found) => found.includes(`${name}`));
  /** The release in place; undefined for none. */
  const present = async () => {
    if (!names().includes(name)) return undefined;
    const folder = join(workspace.releases, name);
    const files = (await listFiles(folder)).map((path) => [path, readFileSync(join(folder, path), "utf8")]);
    return JSON.stringify(Object.fromEntries(files));
  };
  /** Paths beside the release and its record. */
  const rest = () => names().filter((found) => found !== name && found !== `.${name}.json`);
  return { target, before, after, present, rest };
}
const text = (files: object) => JSON.stringify(Object.fromEntries(Object.entries(files).sort()));

/** Runs work that dies at its `at`-th operation; returns its error, and whether it came that far. */
async function dieAt(at: number, kind: Death, work: () => Promise<unknown>) {
  dyingFiles.start(at, kind);
  const error = await Promise.race([
    work().then(
      () => undefined,
      (cause: unknown) => cause,
    ),
    dyingFiles.died,
  ]);
  const came = dyingFiles.operations.length > at;
  dyingFiles.start();
  return { error, came };
}

test.each<Death>(["before", "halfway", "error", "errors"])(
  "an installation that ends at every operation (%s) leaves a complete release, and the next run cleans up",
  async (kind) => {
    let at = 0;
    for (let came = true; came; at++) {
      const { target, before, after, present, rest } = await start();
      const end = await dieAt(at, kind, () => installRelease(target, after));
      came = end.came;
      if (end.error !== undefined) expect(end.error).toMatchObject({ code: "QS-DISK-FULL" });
      const found = await present();
      // Between the renames the release is beside its path; the next process moves it back.
      if (found === undefined) expect(rest().join()).toContain(".old-");
      else expect([text(old), text(next)]).toContain(found);
      await installRelease(target, at % 2 === 0 ? after : before);
      expect(await present()).toBe(text(at % 2 === 0 ? next : old));
      expect(rest()).toEqual([]);
    }
    expect(at).toBeGreaterThan(15);
  },
);

test.each<Death>(["before", "errors"])(
  "an installation that keeps the old release and ends at every operation (%s) loses none",
  async (kind) => {
    for (let at = 0, came = true; came; at++) {
      const { target, after, present, rest } = await start();
      const install = () => installRelease(target, after, { keepsFiles: true });
      came = (await dieAt(at, kind, install)).came;
      await install();
      expect(await present()).toBe(text(next));
      expect(rest()).toEqual([`${target.name}.replaced-1`]);
      expect(readFileSync(join(workspace.releases, `${target.name}.replaced-1`, "README.md"), "utf8")).toBe("old card");
    }
  },
);

test.each<Death>(["before", "errors"])(
  "a removal that ends at every operation (%s) leaves a complete release or none",
  async (kind) => {
    for (let at = 0, came = true; came; at++) {
      const { target, after, present, rest } = await start();
      const end = await dieAt(at, kind, () => withdrawRelease(target));
      came = end.came;
      if (end.error !== undefined) expect(end.error).toMatchObject({ code: "QS-DISK-FULL" });
      expect([text(old), undefined]).toContain(await present());
      await installRelease(target, after);
      expect(await present()).toBe(text(next));
      expect(rest()).toEqual([]);
    }
  },
);

test("an installation that is stopped at any operation, and loses its lock meanwhile, changes nothing more", async () => {
  const ends = new Set<string>();
  for (let at = 0; ; at++) {
    const { target, before, after, present, rest } = await start();
    dyingFiles.start(at, "stop");
    const end = installRelease(target, after).then(
      () => "done",
      (error) => error.code,
    );
    await Promise.race([end, dyingFiles.died]);
    const operation = dyingFiles.operations[at];
    if (operation === undefined) break;
    await installRelease(target, at % 2 === 0 ? before : after);
    const found = await present();
    dyingFiles.resume();
    ends.add(await end);
    // It may have ended before, and be stopped before its lock.
    if ((await end) === "done") expect([text(next), found]).toContain(await present());
    else expect([at, await present()]).toEqual([at, found]);
    const again = await installRelease(target, at % 2 === 0 ? after : before).then(
      () => "done",
      (error) => error.code,
    );
    // A stop during the write of the record itself can leave that of the other release, which costs a refusal and nothing else.
    if (again !== "done") expect([["open", "rename"].includes(operation), again]).toEqual([true, "QS-RELEASE-FOREIGN"]);
    else expect([at, await present(), rest()]).toEqual([at, text(at % 2 === 0 ? next : old), []]);
  }
  dyingFiles.start();
  expect([...ends].sort()).toEqual(["QS-ENV-LOCK", "done"]);
});
