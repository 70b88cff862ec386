import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import * as files from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { renderStatement } from "../../../src/release/sign/statement.js";
import { previewFolder, publishToFolder } from "../../../src/stages/publish/publish-dir.js";
import { type CheckedRelease, releaseFiles } from "../../../src/stages/publish/release-files.js";
import { withLock } from "../../../src/util/lock.js";
import { mountPoints } from "../../../src/util/mount-points.js";
import { sha256 } from "../../../src/util/sha256.js";
import { type Death, dyingFiles } from "../../fixtures/dying-files.js";
import { failureOf } from "../../fixtures/failure.js";
import { folderDigests } from "../../fixtures/folder-digests.js";
import { withoutHistory } from "../../fixtures/publish-client.js";
import { releaseFolder } from "../../fixtures/release-folder.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

// Test files share modules: this one has its own, so that the mock reaches them, and leaves none behind.
vi.hoisted(() => vi.resetModules());
afterAll(() => vi.resetModules());
vi.mock("node:fs/promises", async (original) => {
  const { dyingFiles } = await import("../../fixtures/dying-files.js");
  return dyingFiles.wrap(await original());
});
vi.mock("../../../src/util/mount-points.js", () => ({ mountPoints: vi.fn(async () => []) }));
vi.mock("../../../src/util/lock.js", async () => ({
  withLock: vi.fn((await import("../../fixtures/latest-lock.js")).withLatestLock),
}));

const base = temporaryFolder();
const signal = new AbortController().signal;
const oldFiles = { variants: { Q2_K: 1 }, bytes: 2000, extra: { "old.json": "{}" } };
const newFiles = { variants: { Q4_K_M: 2 }, bytes: 2000 };
let oldRelease: CheckedRelease;
let newRelease: CheckedRelease;
/** `next` is the new release with the old one in its history. */
let digests: Record<"old" | "new" | "next", Record<string, string>>;
/** The history has the time of the old release. */
const copying = { recursive: true, preserveTimestamps: true };
let target: string;

beforeAll(async () => {
  const [old, fresh] = [releaseFolder(join(base, "old"), oldFiles), releaseFolder(join(base, "new"), newFiles)];
  [oldRelease, newRelease] = [
    await releaseFiles(join(base, "old"), signal),
    await releaseFiles(join(base, "new"), signal),
  ];
  target = join(base, "next");
  cpSync(oldRelease.folder, target, copying);
  await publish(newRelease);
  digests = { old, new: fresh, next: tree() };
  mkdirSync(join(base, "git"));
  writeFileSync(join(base, "git", "config"), "mine");
});
beforeEach(() => {
  dyingFiles.start();
  target = join(mkdtempSync(join(base, "target-")), "model");
});

const to = () => ({ path: target, removeOld: true as const });
const publish = (release: CheckedRelease) => publishToFolder(release, to(), { signal });
const siblings = () => readdirSync(join(target, ".."));

const tree = (folder = target) => folderDigests(folder);

function replaceByLink(name: string): void {
  renameSync(join(target, name), join(target, "..", name));
  symlinkSync(`../${name}`, join(target, name));
}

test("a release, the same release, and another release", async () => {
  const first = await publish(oldRelease);
  expect(new Set(first.operations.map(({ operation }) => operation))).toEqual(new Set(["add"]));
  expect(tree()).toEqual(digests.old);
  expect(await publish(oldRelease)).toMatchObject({ operations: [] });
  const preview = await previewFolder(newRelease, to(), signal);
  expect(tree()).toEqual(digests.old);
  expect(preview.operations.map((one) => ("path" in one ? `${one.operation} ${one.path}` : ""))).toEqual([
    ...["add Example-Q4_K_M.gguf", "add history.json", "update README.md", "update SHA256SUMS", "update bom.cdx.json"],
    ...["update provenance.intoto.json", "update release.json"],
    ...["delete Example-Q2_K.gguf", "delete old.json"],
  ]);
  const planned: unknown[] = [];
  const onPlan = (operations: unknown) => planned.push(operations, tree());
  const done = await publishToFolder(newRelease, to(), { signal, onPlan });
  expect(planned).toEqual([preview.operations, digests.old]);
  expect(done).toEqual(preview);
  expect([withoutHistory(tree()), siblings()]).toEqual([withoutHistory(digests.next), ["model"]]);
});

describe("a process that is stopped while it copies, and loses its lock to another one", () => {
  let deepRelease: CheckedRelease;
  beforeAll(async () => {
    releaseFolder(join(base, "deep"), { ...newFiles, extra: { "sub/c.json": "{}", "sub/d.json": "{}" } });
    deepRelease = await releaseFiles(join(base, "deep"), signal);
  });
  /** Publishes, stopped at an operation, at which `meanwhile` runs. */
  const stopAt = async (at: number, meanwhile: () => Promise<unknown>) => {
    dyingFiles.start(at, "stop");
    const publishing = publish(deepRelease);
    const end = publishing.then(
      () => "done",
      (error) => error.code,
    );
    await Promise.race([end, dyingFiles.died]);
    const operation = dyingFiles.operations[at];
    const isCopy = operation === "mkdir" || operation === "copyFile";
    if (isCopy) await meanwhile();
    dyingFiles.resume();
    return { end: await end, isCopy, isPast: operation === undefined };
  };
  const elsewhere = () => join(base, `moved-${sha256(target)}`);

  test.each<[string, () => Promise<unknown>, string[]]>([
    ["which publishes what is there", () => publish(oldRelease), ["QS-ENV-LOCK", "done"]],
    [
      "whose user moves the folder",
      async () => renameSync(join(target, ".."), elsewhere()),
      ["QS-PUBLISH-TARGET", "done"],
    ],
  ])("%s, replaces nothing", async (_, meanwhile, allowed) => {
    let stops = 0;
    for (let at = 0; ; at++) {
      target = join(mkdtempSync(join(base, "target-")), "model");
      await publish(oldRelease);
      const { end, isCopy, isPast } = await stopAt(at, meanwhile);
      if (isPast) break;
      if (!isCopy) continue;
      expect(allowed).toContain(end);
      const released = deepRelease.files.map(({ path }) => path);
      if (end === "done") expect(Object.keys(tree())).toEqual(expect.arrayContaining(released));
      if (end === "done") continue;
      const isMoved = existsSync(elsewhere());
      expect(existsSync(target)).toBe(!isMoved);
      expect(tree(isMoved ? join(elsewhere(), "model") : target)).toEqual(digests.old);
      stops += 1;
    }
    expect(stops).toBeGreaterThan(5);
  });
});

test("an output folder and the folders that it cleans are no targets, others in it are", async () => {
  const output = join(target, "..");
  mkdirSync(join(output, "store", ".locks"), { recursive: true });
  for (const name of ["", "store", "store/package-0123456789ab", "store/.jobs/a", "tmp/a", "runs/a"]) {
    const error = await failureOf(publishToFolder(oldRelease, { path: join(output, name) }, { signal }));
    expect([name, error]).toMatchObject([
      name,
      {
        code: "QS-PUBLISH-TARGET",
        message: expect.stringContaining("is an output folder"),
      },
    ]);
    expect(siblings()).toEqual(["store"]);
  }
  target = join(output, "releases", "model");
  await publish(oldRelease);
  expect(tree()).toEqual(digests.old);
});

test.runIf(process.platform === "linux")("a name that is not UTF-8 in the target is named, and stays", async () => {
  await publish(oldRelease);
  const foreign = Buffer.concat([Buffer.from(`${target}/caf`), Buffer.from([0xe9])]);
  writeFileSync(foreign, "mine");
  const { code, message } = await failureOf(publish(newRelease));
  expect([code, message]).toEqual([
    "QS-PUBLISH-TARGET",
    expect.stringContaining('the name "caf\ufffd" has bytes that are not UTF-8'),
  ]);
  expect(existsSync(foreign)).toBe(true);
});

test("a signature of the release stays with it, and is removed with it", async () => {
  await publish(oldRelease);
  const payload = Buffer.from(renderStatement("Example", new Map(Object.entries(digests.old)))).toString("base64");
  writeFileSync(join(target, "model.sig"), JSON.stringify({ dsseEnvelope: { payload } }));
  expect(await publish(oldRelease)).toMatchObject({ operations: [] });
  expect(existsSync(join(target, "model.sig"))).toBe(true);
  const { operations } = await publish(newRelease);
  expect(operations).toContainEqual({ operation: "delete", path: "model.sig" });
  expect(withoutHistory(tree())).toEqual(withoutHistory(digests.next));
});

describe("what is not ours stays, and is named", () => {
  const sums = (files: Record<string, string>) =>
    Object.entries(files).map(([path, content]) => `${sha256(content)}  ${path}\n`);
  const inTarget = (path: string) => join(target, path);
  test.each<[string, string, () => void]>([
    ["a file in the release", "notes.md", () => writeFileSync(inTarget("notes.md"), "mine")],
    ["an edited file", "README.md", () => appendFileSync(inTarget("README.md"), "mine")],
    ["an edited model", "Example-Q2_K.gguf", () => appendFileSync(inTarget("Example-Q2_K.gguf"), "mine")],
    ["an edited SHA256SUMS", "SHA256SUMS", () => appendFileSync(inTarget("SHA256SUMS"), sums({ a: "" }).join(""))],
    ["a foreign signature", "model.sig", () => writeFileSync(inTarget("model.sig"), "{}")],
    ["a repository", ".git/config", () => cpSync(join(base, "git"), inTarget(".git"), { recursive: true })],
    ["an empty folder", "notes/", () => mkdirSync(inTarget("notes"))],
    ["a link", "README.md", () => replaceByLink("README.md")],
  ])("%s", async (_, path, change) => {
    await publish(oldRelease);
    change();
    const before = tree();
    for (const work of [() => previewFolder(newRelease, to(), signal), () => publish(newRelease)]) {
      const error = await failureOf(work());
      expect([error.code, error.exitCode]).toEqual(["QS-PUBLISH-FOREIGN", 2]);
      expect(error.message).toBe(`${target} contains files that are not of its release, or changed: ${path}`);
    }
    expect(tree()).toEqual(before);
  });

  test("a folder with the files and SHA256SUMS of someone else", async () => {
    mkdirSync(target);
    const theirs = { "training-data.bin": "data", "release.json": "{}" };
    for (const [path, content] of Object.entries(theirs)) writeFileSync(join(target, path), content);
    writeFileSync(join(target, "SHA256SUMS"), sums(theirs).join(""));
    const error = await failureOf(publish(newRelease));
    expect([error.code, error.message]).toEqual([
      "QS-PUBLISH-FOREIGN",
      `${target} contains files, but not a release of quantsmith: SHA256SUMS, release.json, training-data.bin`,
    ]);
  });

  test.each([
    ["model", { model: "Other" }, '"Other", not of "Example"'],
    ["source", { source: "hf:org/other" }, '"hf:org/other", not of "hf:org/Example-4B-Instruct"'],
  ])("the unchanged release of another %s", async (what, change, which) => {
    const other = join(base, `other-${what}`);
    releaseFolder(other, { ...oldFiles, ...change });
    await publish(await releaseFiles(other, signal));
    const before = tree();
    for (const work of [() => previewFolder(newRelease, to(), signal), () => publish(newRelease)]) {
      expect(await failureOf(work())).toMatchObject({
        code: "QS-PUBLISH-FOREIGN",
        message: `${target} contains the release of another ${what}, ${which}`,
      });
    }
    expect(tree()).toEqual(before);
  });

  test("with replace, the folder gets another name, and its content stays", async () => {
    const replace = true as const;
    await publish(oldRelease);
    // An own release needs no other name.
    expect((await previewFolder(newRelease, { path: target, replace }, signal)).operations[0]?.operation).toBe("add");
    writeFileSync(inTarget("notes.md"), "mine");
    const [before, kept] = [tree(), `${target}.replaced-2`];
    mkdirSync(`${target}.replaced-1`);
    chmodSync(target, 0o755);
    const preview = await previewFolder(newRelease, { path: target, replace }, signal);
    expect(preview.operations[0]).toEqual({ operation: "rename", path: target, to: kept });
    const done = await publishToFolder(newRelease, { path: target, replace }, { signal });
    expect(done).toEqual(preview);
    expect([tree(), tree(kept)]).toEqual([digests.new, before]);
    expect(statSync(target).mode & 0o777).toBe(0o755);
  });

  test("files beside a folder that vanishes while they are listed", async () => {
    mkdirSync(target);
    writeFileSync(join(target, "notes.md"), "mine");
    const gone = Object.assign(new Error("ENOENT: gone, scandir"), { code: "ENOENT", syscall: "scandir" });
    const { readdir } = files;
    // The first listing of the folder, and of the same folder when it has been moved.
    const listed = new Set<string>();
    const isFirst = (path: string) =>
      (path === target || path.includes(".old-")) && !listed.has(path) && listed.add(path).has(path);
    const listing = vi
      .spyOn(files, "readdir")
      .mockImplementation(((path: string, options?: { recursive?: boolean }) =>
        options?.recursive && isFirst(path)
          ? Promise.reject(gone)
          : readdir(path, options as never)) as typeof readdir);
    try {
      expect((await failureOf(publish(newRelease))).code).toBe("QS-PUBLISH-TARGET");
    } finally {
      listing.mockRestore();
    }
    expect([tree(), siblings()]).toEqual([{ "notes.md": sha256("mine") }, ["model"]]);
  });

  test("the root of the file system", async () => {
    const error = await failureOf(previewFolder(newRelease, { path: "/" }, signal));
    expect([error.code, error.message]).toEqual([
      "QS-PUBLISH-TARGET",
      expect.stringContaining("one contains the other"),
    ]);
  });

  test("a file that appears while the new release is copied", async () => {
    await publish(oldRelease);
    const onPlan = () => writeFileSync(join(target, "notes.md"), "mine");
    const error = await failureOf(publishToFolder(newRelease, to(), { signal, onPlan }));
    expect([error.code, error.message]).toEqual([
      "QS-PUBLISH-FOREIGN",
      `${target} changed during publishing: notes.md`,
    ]);
    expect([tree(), siblings()]).toEqual([{ ...digests.old, "notes.md": sha256("mine") }, ["model"]]);
  });
});

describe.each<Death>(["halfway", "error"])("an end at every file operation: %s", (kind) => {
  test("leaves the old or the new release, and the next publish finishes", async () => {
    const states = new Set<string>();
    let at = 0;
    for (let ended = false; !ended; at++) {
      target = join(mkdtempSync(join(base, "target-")), "model");
      cpSync(oldRelease.folder, target, copying);
      dyingFiles.start(at, kind);
      const failure = await Promise.race([publish(newRelease).catch((error) => error), dyingFiles.died]);
      ended = dyingFiles.operations.length <= at;
      dyingFiles.start();
      if (failure instanceof Error) expect(failure).toMatchObject({ code: "QS-DISK-FULL", exitCode: 4 });
      const isOld = existsSync(target) && sorted(tree()) === sorted(digests.old);
      if (kind === "error" && isOld) expect(siblings()).toEqual(["model"]);
      // Either in place, or beside it between two renames.
      const folders = readdirSync(join(target, ".."), { withFileTypes: true }).filter((entry) => entry.isDirectory());
      const found = folders.map(({ name }) => sorted(tree(join(target, "..", name))));
      const known = [sorted(digests.old), sorted(digests.next)];
      expect(found.some((files) => known.includes(files))).toBe(true);
      if (existsSync(target)) expect(known).toContain(sorted(tree()));
      else expect(kind).not.toBe("error");
      states.add(existsSync(target) ? sorted(tree()) : "moved");
      await publish(newRelease);
      expect([tree(), siblings()]).toEqual([digests.next, ["model"]]);
    }
    expect(at).toBeGreaterThan(15);
    expect(states.size).toBeGreaterThan(1);
  });
});

const sorted = (files: Record<string, string>) => JSON.stringify(Object.entries(files).sort());

describe("a target that cannot be written", () => {
  test.each([
    ["ENOSPC", "QS-DISK-FULL", 4, "no space left"],
    ["EDQUOT", "QS-DISK-FULL", 4, "quota"],
    ["EROFS", "QS-PUBLISH-TARGET", 2, "read-only"],
    ["EACCES", "QS-PUBLISH-TARGET", 2, "permission denied"],
    ["EBUSY", "QS-PUBLISH-TARGET", 2, "mount point"],
    ["EXDEV", "QS-PUBLISH-TARGET", 2, "EXDEV"],
  ])("%s: %s", async (system, code, exitCode, text) => {
    await publish(oldRelease);
    vi.mocked(withLock).mockRejectedValueOnce(Object.assign(new Error(system), { code: system }));
    const error = await failureOf(publish(newRelease));
    expect([error.code, error.exitCode]).toEqual([code, exitCode]);
    expect(error.message).toContain(text);
    expect(tree()).toEqual(digests.old);
  });

  test.skipIf(!existsSync("/proc/self"))("the root of a mounted file system", async () => {
    expect(await failureOf(publishToFolder(newRelease, { path: "/proc" }, { signal }))).toMatchObject({
      code: "QS-PUBLISH-TARGET",
      message: "/proc is a mount point, which cannot be replaced as a whole",
    });
  });

  test("a folder with a mounted file system", async () => {
    await publish(oldRelease);
    const mount = join(realpathSync(target), "assets");
    vi.mocked(mountPoints).mockResolvedValueOnce([mount]);
    const error = await failureOf(publish(newRelease));
    expect(error).toMatchObject({ code: "QS-PUBLISH-TARGET", message: `${target} contains a mount point, ${mount}` });
    expect(tree()).toEqual(digests.old);
  });

  test("a full disk is named by the path that cannot be written, not by the release", async () => {
    const copyFile = vi.spyOn(files, "copyFile");
    copyFile.mockImplementationOnce(async (from, to) => {
      const message = `ENOSPC: no space left on device, copyfile '${from}' -> '${to}'`;
      throw Object.assign(new Error(message), { code: "ENOSPC", syscall: "copyfile", path: from, dest: to });
    });
    const error = await failureOf(publish(newRelease));
    copyFile.mockRestore();
    expect([error.code, error.message.includes(newRelease.folder)]).toEqual(["QS-DISK-FULL", false]);
    expect(error.message).toContain(`${target} cannot be written: no space left on the disk (${join(target, "..")}`);
  });

  test("a file, and a folder below a file", async () => {
    writeFileSync(target, "mine");
    for (const path of [target, join(target, "sub")]) {
      const error = await failureOf(publishToFolder(newRelease, { path }, { signal }));
      expect([error.code, error.message]).toEqual(["QS-PUBLISH-TARGET", `${path} cannot be written: not a folder`]);
    }
    expect(readFileSync(target, "utf8")).toBe("mine");
  });

  test("a link to nothing, which stays", async () => {
    symlinkSync("elsewhere", target);
    const message = `${target} cannot be written: no such file or folder`;
    expect(await failureOf(publish(newRelease))).toMatchObject({ code: "QS-PUBLISH-TARGET", message });
    expect([readlinkSync(target), siblings()]).toEqual(["elsewhere", ["model"]]);
  });

  test.skipIf(process.getuid?.() === 0)("a folder without permission", async () => {
    mkdirSync(target);
    chmodSync(target, 0o500);
    expect(await failureOf(publishToFolder(newRelease, { path: join(target, "model") }, { signal }))).toMatchObject({
      code: "QS-PUBLISH-TARGET",
    });
  });

  test("a missing folder below a link into the release", async () => {
    symlinkSync(newRelease.folder, target);
    const error = await failureOf(publishToFolder(newRelease, { path: join(target, "sub") }, { signal }));
    expect([error.code, existsSync(join(newRelease.folder, "sub"))]).toEqual(["QS-PUBLISH-TARGET", false]);
  });
});

test("a release that changes while it is copied is not published", async () => {
  const folder = join(base, "changing");
  releaseFolder(folder, newFiles);
  const release = await releaseFiles(folder, signal);
  const onPlan = () => appendFileSync(join(folder, "README.md"), "more");
  expect(await failureOf(publishToFolder(release, to(), { signal, onPlan }))).toMatchObject({
    code: "QS-INPUT-CHANGED",
  });
  expect(siblings()).toEqual([]);
});
