import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { collectCache, listCache, type RemovalHooks, waitForRemoval, whileIdle } from "../../src/engine/cache.js";
import { keyStep } from "../../src/engine/fingerprint.js";
import { type OnMoved, openBuildFolder, Store } from "../../src/engine/store.js";
import { openWorkspace, scratchPath, type Workspace } from "../../src/engine/workspace.js";
import { parseChecked, renderChecked } from "../../src/util/checked-json.js";
import { sha256File } from "../../src/util/sha256.js";
import { failureOf } from "../fixtures/failure.js";
import { somePlan, someStep } from "../fixtures/plan.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const home = temporaryFolder();
const garbage = `quantize-${"0".repeat(64)}`;
let count = 0;

/** Commits a step with one file of some bytes, last used some days ago; returns its key. */
async function put(
  workspace: Workspace,
  id: string,
  bytes: number,
  daysAgo: number,
  more: { from?: string; stage?: "package"; onMoved?: OnMoved | undefined } = {},
) {
  const store = new Store(workspace);
  const inputs =
    more.from === undefined ? {} : { in: { kind: "step" as const, step: "from", file: "x", optional: false } };
  const step = someStep({ id, params: { id }, inputs, ...(more.stage === undefined ? {} : { stage: more.stage }) });
  const { fingerprint, key } = keyStep(step, somePlan([step]), new Map([["from", more.from ?? ""]]));
  const { out } = await openBuildFolder(scratchPath(workspace, "test"));
  writeFileSync(join(out, `${id}.gguf`), Buffer.alloc(bytes, id));
  const record = {
    format: 2,
    key,
    step: id,
    recipe: "test",
    fingerprint,
    inputs: {},
    commands: [],
    measurements: {},
  } as const;
  const rest = { finished: new Date().toISOString(), seconds: 1, peakMemoryBytes: 0 };
  await store.commit(out, { ...record, ...rest, commands: [] }, sha256File, more.onMoved);
  const used = new Date(Date.now() - daysAgo * 24 * 3600 * 1000);
  utimesSync(join(store.folder(fingerprint.stage, key), "record.json"), used, used);
  return { key, folder: store.folder(fingerprint.stage, key) };
}

const names = async (workspace: Workspace) => (await listCache(workspace)).map(({ step }) => step);
const open = () => openWorkspace(join(home, `out-${count++}`));

test("lists last used entries first, with sizes", async () => {
  const workspace = await open();
  await put(workspace, "old", 1000, 9);
  await put(workspace, "new", 2000, 1);
  expect((await listCache(workspace)).map(({ step, bytes }) => [step, bytes])).toEqual([
    ["new", 2000],
    ["old", 1000],
  ]);
  await workspace.close();
});

test("keeps entries by age, and last used entries by size", async () => {
  const workspace = await open();
  await put(workspace, "a", 1000, 1);
  await put(workspace, "b", 1000, 5);
  await put(workspace, "c", 1000, 9);
  expect((await collectCache(workspace, { kind: "days", days: 7 })).map(({ step }) => step)).toEqual(["c"]);
  await collectCache(workspace, { kind: "bytes", bytes: 1500 });
  expect(await names(workspace)).toEqual(["a"]);
  await workspace.close();
});

test("keeps the steps behind the releases, with all upstream steps", async () => {
  const workspace = await open();
  const base = await put(workspace, "convert", 10, 1);
  const model = await put(workspace, "quantize", 10, 1, { from: base.key });
  const packaged = await put(workspace, "package", 10, 1, { from: model.key, stage: "package" });
  await put(workspace, "other", 10, 0);
  await put(workspace, "package2", 10, 0, { stage: "package" });
  mkdirSync(join(workspace.releases, "demo"));
  linkSync(join(packaged.folder, "package.gguf"), join(workspace.releases, "demo", "package.gguf"));
  symlinkSync("/none/such", join(workspace.releases, "demo", "dangling"));
  symlinkSync("loop", join(workspace.releases, "loop"));
  await collectCache(workspace, { kind: "release" });
  expect((await names(workspace)).sort()).toEqual(["convert", "package", "quantize"]);
  expect(readFileSync(join(workspace.releases, "demo", "package.gguf"))).toHaveLength(10);
  await workspace.close();
});

test("removes partial work of killed steps", async () => {
  const workspace = await open();
  const left = new Store(workspace).partialFolder("0".repeat(64));
  mkdirSync(left, { recursive: true });
  writeFileSync(join(left, "probes.ndjson"), "{}\n");
  await put(workspace, "kept", 10, 0);
  await collectCache(workspace, { kind: "days", days: 1 });
  expect(existsSync(left)).toBe(false);
  expect(await names(workspace)).toEqual(["kept"]);
  await workspace.close();
});

test("removes folders without a record, and fails while a run uses the store", async () => {
  const workspace = await open();
  mkdirSync(join(workspace.store, garbage));
  writeFileSync(join(workspace.store, "of-the-user"), "");
  for (const folder of [".partial", ".locks/mine.lock"]) {
    mkdirSync(join(workspace.store, folder), { recursive: true });
    writeFileSync(join(workspace.store, folder, "notes.txt"), "mine");
  }
  const other = await openWorkspace(workspace.root);
  expect((await failureOf(collectCache(workspace, { kind: "days", days: 1 }))).code).toBe("QS-CACHE-BUSY");
  expect(existsSync(join(workspace.store, garbage))).toBe(true);
  await other.close();
  await collectCache(workspace, { kind: "days", days: 1 });
  expect(readdirSync(workspace.store)).toEqual([".jobs", ".locks", ".partial", "of-the-user"]);
  expect(existsSync(join(workspace.store, ".locks", "mine.lock", "notes.txt"))).toBe(true);
  expect(existsSync(join(workspace.store, ".partial", "notes.txt"))).toBe(true);
  await workspace.close();
});

test("copies of steps do not count, and a folder in place of a record is removed", async () => {
  const workspace = await open();
  const { folder } = await put(workspace, "real", 1000, 1);
  cpSync(folder, `${folder}.bak`, { recursive: true });
  cpSync(folder, join(workspace.store, garbage), { recursive: true });
  mkdirSync(join(workspace.store, `allocate-${"0".repeat(64)}`, "record.json", "sub"), { recursive: true });
  expect(await names(workspace)).toEqual(["real"]);
  await collectCache(workspace, { kind: "bytes", bytes: 1500 });
  expect(readdirSync(workspace.store).filter((name) => !name.startsWith("."))).toEqual(
    [basename(folder), `${basename(folder)}.bak`].sort(),
  );
  await workspace.close();
});

test.each([
  ["of another version", (text: string) => renderChecked({ ...(parseChecked(text) as object), format: 3 })],
  ["that is damaged", (text: string) => text.replace('"step"', '"stop"')],
])("a step with a record %s stays, and is moved for a new build", async (_, change) => {
  const workspace = await open();
  const { folder } = await put(workspace, "real", 1000, 1);
  const record = join(folder, "record.json");
  writeFileSync(record, change(readFileSync(record, "utf8")));
  writeFileSync(join(folder, "notes.txt"), "mine");
  await collectCache(workspace, { kind: "bytes", bytes: 0 });
  expect(readdirSync(folder).sort()).toEqual(["notes.txt", "real.gguf", "record.json"]);
  const moved: string[] = [];
  await put(workspace, "real", 1000, 1, { onMoved: (path) => moved.push(path) });
  expect(moved).toEqual([`${folder}.replaced-1`]);
  expect(readFileSync(join(`${folder}.replaced-1`, "notes.txt"), "utf8")).toBe("mine");
  expect(readdirSync(folder).sort()).toEqual(["real.gguf", "record.json"]);
  await workspace.close();
});

test("a pipe in place of a record counts as none, and is not waited for", async () => {
  const workspace = await open();
  mkdirSync(join(workspace.store, garbage));
  execFileSync("mkfifo", [join(workspace.store, garbage, "record.json")]);
  expect(await listCache(workspace)).toEqual([]);
  await collectCache(workspace, { kind: "bytes", bytes: 0 });
  expect(existsSync(join(workspace.store, garbage))).toBe(false);
  await workspace.close();
});

test.each<[string, (workspace: Workspace, hooks: RemovalHooks) => Promise<unknown>]>([
  ["removal", (workspace, hooks) => collectCache(workspace, { kind: "bytes", bytes: 0 }, hooks)],
  ["new build", (workspace, { onMoved }) => put(workspace, "real", 10, 0, { onMoved })],
])("files that others put into a step's folder stay at its %s", async (_, work) => {
  const workspace = await open();
  const { folder } = await put(workspace, "real", 1000, 1);
  writeFileSync(join(folder, "notes.txt"), "mine");
  mkdirSync(join(folder, "sub"));
  symlinkSync("/none/such", join(folder, "sub", "link"));
  writeFileSync(join(folder, "sub", "._notes"), "mine");
  // Of a process that was killed while it wrote the record.
  writeFileSync(join(folder, `.record.json.1.${"0".repeat(32)}`), "");
  const moved: string[] = [];
  await work(workspace, { onMoved: (path) => moved.push(path) });
  expect(moved).toEqual([`${folder}.replaced-1`]);
  await collectCache(workspace, { kind: "bytes", bytes: 0 });
  expect(readdirSync(workspace.store).filter((name) => !name.startsWith("."))).toEqual([
    `${basename(folder)}.replaced-1`,
  ]);
  expect(readFileSync(join(`${folder}.replaced-1`, "notes.txt"), "utf8")).toBe("mine");
  expect((readdirSync(`${folder}.replaced-1`, { recursive: true }) as string[]).sort()).toEqual([
    "notes.txt",
    "sub",
    "sub/._notes",
    "sub/link",
  ]);
  await workspace.close();
});

test("removes no file behind a link in the store, only the link of a step", async () => {
  const workspace = await open();
  const other = join(home, "other");
  mkdirSync(other);
  writeFileSync(join(other, "record.json"), "keep");
  symlinkSync(other, join(workspace.store, garbage));
  const { folder } = await put(workspace, "linked", 10, 40);
  const moved = join(home, "moved");
  renameSync(folder, moved);
  symlinkSync(moved, folder);
  await collectCache(workspace, { kind: "bytes", bytes: 0 });
  expect(readFileSync(join(other, "record.json"), "utf8")).toBe("keep");
  expect(readdirSync(moved).sort()).toEqual(["linked.gguf", "record.json"]);
  expect(readdirSync(workspace.store)).toContain(garbage);
  expect(existsSync(folder)).toBe(false);
  await workspace.close();
});

test.each(["store/.partial", "store/.jobs"])("removes nothing behind a link at %s", async (path) => {
  const workspace = await open();
  const mine = join(workspace.root, "mine");
  const old = join(mine, "f".repeat(64));
  mkdirSync(mine);
  writeFileSync(old, "mine");
  utimesSync(old, 0, 0);
  rmSync(join(workspace.root, path), { recursive: true, force: true });
  symlinkSync(mine, join(workspace.root, path));
  await collectCache(workspace, { kind: "bytes", bytes: 0 });
  expect(readFileSync(old, "utf8")).toBe("mine");
  await workspace.close();
});

test("keeps files of an orphaned job, and removes those of finished or forgotten jobs", async () => {
  const workspace = await open();
  const { key } = await put(workspace, "done", 10, 0);
  const waiting = "a".repeat(64);
  mkdirSync(join(workspace.jobs, "slurm"), { recursive: true });
  mkdirSync(join(workspace.jobs, "files"), { recursive: true });
  const files = [`${waiting}.json`, "slurm/qs-array-1.json", `files/${waiting}`];
  const past = new Date(Date.now() - 8 * 24 * 3600 * 1000);
  for (const file of [...files, `${key}.json`, `${key}-1.ndjson`]) writeFileSync(join(workspace.jobs, file), "");
  for (const file of [`${"b".repeat(64)}.json`, `slurm/qs-array-${"0".repeat(16)}.json`, "notes.json"]) {
    writeFileSync(join(workspace.jobs, file), "");
    utimesSync(join(workspace.jobs, file), past, past);
  }
  await collectCache(workspace, { kind: "days", days: 3 });
  const left = readdirSync(workspace.jobs, { recursive: true }).filter(
    (name) => !["slurm", "files"].includes(`${name}`),
  );
  expect(left.sort()).toEqual([...files, "notes.json"].sort());
  await workspace.close();
});

test("a removal whose lock another process took over removes nothing more", async () => {
  const workspace = await open();
  const removal = whileIdle(workspace, {}, async (requireHeld) => {
    requireHeld();
    rmSync(join(workspace.tmp, "removal.lock"), { recursive: true });
    requireHeld();
  });
  expect((await failureOf(removal)).code).toBe("QS-CACHE-BUSY");
  await workspace.close();
});

test("nor any garbage", async () => {
  const workspace = await open();
  const left = [join(workspace.store, garbage), new Store(workspace).partialFolder("0".repeat(64))];
  for (const folder of left) mkdirSync(folder, { recursive: true });
  for (let held = 0, isDone = false; !isDone; held++) {
    let calls = 0;
    const requireHeld = () => {
      if (++calls > held) throw new Error("lost");
    };
    const before = left.filter((folder) => existsSync(folder)).length;
    isDone = await new Store(workspace).collectGarbage(requireHeld).then(
      () => true,
      () => false,
    );
    expect(before - left.filter((folder) => existsSync(folder)).length).toBeLessThanOrEqual(1);
  }
  expect(left.filter((folder) => existsSync(folder))).toEqual([]);
  await workspace.close();
});

test("a run that starts while steps are removed waits; none are removed while it runs", async () => {
  const workspace = await open();
  const order: string[] = [];
  let run: Awaited<ReturnType<typeof open>> | undefined;
  let started: Promise<void> | undefined;
  await whileIdle(workspace, {}, async () => {
    const other = await openWorkspace(workspace.root);
    run = other;
    await new Promise<void>((onWait) => {
      started = waitForRemoval(other, { onWait: () => onWait() }).then(() => void order.push("run"));
    });
    order.push("removed");
  });
  await started;
  expect(order).toEqual(["removed", "run"]);
  expect((await failureOf(collectCache(workspace, { kind: "days", days: 0 }))).code).toBe("QS-CACHE-BUSY");
  await run?.close();
  await workspace.close();
});
