import { execFileSync } from "node:child_process";
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { collectCache, listCache } from "../../src/engine/cache.js";
import { installRelease, requireReplaceable, withdrawRelease } from "../../src/engine/install-release.js";
import { readInstalled, writeInstalled } from "../../src/engine/installed-release.js";
import type { StepRecord } from "../../src/engine/record.js";
import type { ReleaseOwner } from "../../src/engine/release-owner.js";
import { Store } from "../../src/engine/store.js";
import { openWorkspace } from "../../src/engine/workspace.js";
import { signFiles } from "../../src/release/sign/sign-files.js";
import { sigstoreInstance } from "../../src/release/sign/sigstore-instance.js";
import { renderChecked } from "../../src/util/checked-json.js";
import { DigestCache } from "../../src/util/digest-cache.js";
import { fileState } from "../../src/util/file-state.js";
import { listFiles } from "../../src/util/files.js";
import { processName } from "../../src/util/process-identity.js";
import { failureOf } from "../fixtures/failure.js";
import { somePlan, someStep } from "../fixtures/plan.js";
import { identityToken, startSigstore } from "../fixtures/sigstore.js";
import { releaseTarget, storedRelease } from "../fixtures/stored-release.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const home = temporaryFolder();
let count = 0;
let base: string;
let workspace: Awaited<ReturnType<typeof openWorkspace>>;
let release: string;

beforeEach(async () => {
  base = join(home, `${count++}`);
  workspace = await openWorkspace(join(base, "out"));
  release = join(workspace.releases, "demo");
});
afterEach(() => workspace.close());

const first = { "demo-Q8_0.gguf": "weights", "README.md": "first card", "assets/size.svg": "<svg/>" };
const second = { ...first, "README.md": "second card" };

const target = (change: Parameters<typeof releaseTarget>[2] = {}, recipe = join(base, "demo.yaml")) =>
  releaseTarget(workspace, recipe, change);

async function install(files: Record<string, string>, change: Parameters<typeof releaseTarget>[2] = {}) {
  return installRelease(await target(change), await storedRelease(workspace, files));
}

const put = (path: string, content: string) => {
  mkdirSync(join(release, path, ".."), { recursive: true });
  writeFileSync(join(release, path), content);
};

/** The folder's files with their content. */
async function contents(folder = release): Promise<Record<string, string>> {
  const files = await listFiles(folder);
  return Object.fromEntries(files.map((path) => [path, readFileSync(join(folder, path), "utf8")]));
}

/** Edits a file in place without a change of its size, and sets its times back. */
function editQuietly(path: string): void {
  const { atime, mtime, ctimeNs } = statSync(path, { bigint: true });
  const bytes = readFileSync(path);
  bytes[0] = (bytes[0] ?? 0) ^ 4;
  do {
    writeFileSync(path, bytes);
    utimesSync(path, atime, mtime);
    // A coarse clock of the file system.
  } while (statSync(path, { bigint: true }).ctimeNs === ctimeNs);
}

test("a step's output that was moved to another folder, with a link in its place, is released as a file", async () => {
  const packaged = await storedRelease(workspace, first);
  const moved = join(base, "moved.gguf");
  renameSync(join(packaged.folder, "demo-Q8_0.gguf"), moved);
  symlinkSync(moved, join(packaged.folder, "demo-Q8_0.gguf"));
  await installRelease(await target(), packaged);
  expect(lstatSync(join(release, "demo-Q8_0.gguf")).isFile()).toBe(true);
  expect(await contents()).toEqual(first);
});

test.each([
  { owner: null },
  { owner: {} },
  { owner: { recipe: 5, sha256: "", releases: "" } },
  { files: [null] },
  { files: [{ path: "../mine" }] },
])("an installation record with another shape counts as none: %j", async (change) => {
  await install(first);
  const record = join(workspace.releases, ".demo.json");
  writeFileSync(record, renderChecked({ ...(await readInstalled(record)), ...change }));
  expect(await readInstalled(record)).toBeUndefined();
  expect((await failureOf(install(second))).code).toBe("QS-RELEASE-FOREIGN");
  expect(await contents()).toEqual(first);
});

describe("a release with files of the user", () => {
  test("stays in place with these files as long as its own files are the same", async () => {
    await install(first);
    for (const path of ["NOTES.md", ".git/HEAD", "model.sig"]) put(path, "mine");
    const before = await contents();
    expect(await install(first)).toEqual({ release });
    expect(await contents()).toEqual(before);
  });

  test.each([
    ["an added file", "NOTES.md", "added"],
    ["a repository", ".git/HEAD", "added"],
    ["an unknown signature", "model.sig", "added"],
    ["an edited file", "README.md", "changed"],
  ])("is not replaced: %s", async (_, path, change) => {
    await install(first);
    put(path, "mine");
    const before = await contents();
    const refused = await failureOf(install(second));
    expect(refused).toMatchObject({ code: "QS-RELEASE-FOREIGN", exitCode: 4 });
    expect(refused.message).toContain(`"${path}" (${change})`);
    expect(refused.remedy).toContain("--replace");
    expect((await failureOf(withdrawRelease(await target()))).code).toBe("QS-RELEASE-FOREIGN");
    expect(await contents()).toEqual(before);
    expect(readdirSync(workspace.releases).sort()).toEqual([".demo.json", "demo"]);
  });

  test("is not replaced with an empty folder, which --replace keeps", async () => {
    await install(first);
    mkdirSync(join(release, "notes/today"), { recursive: true });
    const refused = await failureOf(install(second));
    expect(refused).toMatchObject({ code: "QS-RELEASE-FOREIGN", exitCode: 4 });
    expect(refused.message).toContain('"notes/today/" (added)');
    expect((await failureOf(withdrawRelease(await target()))).code).toBe("QS-RELEASE-FOREIGN");
    const { movedTo } = await install(second, { replace: true });
    expect(readdirSync(join(movedTo ?? "", "notes"))).toEqual(["today"]);
  });

  test("is replaced if only its own files were removed", async () => {
    await install(first);
    unlinkSync(join(release, "assets/size.svg"));
    expect(await install(second)).toEqual({ release });
    expect(await contents()).toEqual(second);
  });

  test("is not replaced after an edit of a model that sets the time back", async () => {
    await install(first);
    editQuietly(join(release, "demo-Q8_0.gguf"));
    const edited = await contents();
    for (const files of [first, second]) {
      expect((await failureOf(install(files))).message).toContain('"demo-Q8_0.gguf" (changed)');
    }
    expect(await contents()).toEqual(edited);
  });

  test("is not replaced if it contains something other than files", async () => {
    await install(first);
    unlinkSync(join(release, "README.md"));
    symlinkSync(join(base, "demo.yaml"), join(release, "README.md"));
    expect((await failureOf(install(second))).message).toContain('"README.md" (changed)');
  });

  test("is renamed with `replace`", async () => {
    await install(first);
    put("NOTES.md", "mine");
    const before = await contents();
    expect(await install(second, { replace: true })).toEqual({ release, movedTo: `${release}.replaced-1` });
    expect(await contents()).toEqual(second);
    expect(await contents(`${release}.replaced-1`)).toEqual(before);
    put("NOTES.md", "mine");
    expect(await withdrawRelease(await target({ replace: true }))).toEqual({
      release,
      movedTo: `${release}.replaced-2`,
    });
    expect(existsSync(release)).toBe(false);
    expect(await contents(`${release}.replaced-2`)).toEqual({ ...second, "NOTES.md": "mine" });
  });

  test("is replaced after the user has moved the files out", async () => {
    await install(first);
    put("NOTES.md", "mine");
    await failureOf(install(second));
    rmSync(join(release, "NOTES.md"));
    await install(second);
    expect(await contents()).toEqual(second);
  });

  test("a long list of files is cut", async () => {
    await install(first);
    for (let i = 0; i < 30; i++) put(`.git/objects/${i}`, "");
    expect((await failureOf(install(second))).message).toMatch(/"\.git\/objects\/0" \(added\), .*, 20 more$/);
  });
});

test.each([
  ["a file", (path: string) => writeFileSync(path, "{}")],
  ["a pipe", (path: string) => execFileSync("mkfifo", [path])],
])("%s of the user at the path of the record stays", async (_, put) => {
  const record = join(workspace.releases, ".demo.json");
  put(record);
  for (const change of [{}, { replace: true }]) {
    expect(await failureOf(install(first, change))).toMatchObject({
      ...{ code: "QS-RELEASE-FOREIGN", message: expect.stringContaining(record) },
    });
  }
  expect(readdirSync(workspace.releases)).toEqual([".demo.json"]);
});

test("a release with a variant that no longer passes is renamed when another replaces it", async () => {
  await install(first);
  const packaged = await storedRelease(workspace, second);
  expect(await installRelease(await target(), packaged, { keepsFiles: true })).toEqual({
    ...{ release, movedTo: `${release}.replaced-1` },
  });
  expect([await contents(), await contents(`${release}.replaced-1`)]).toEqual([second, first]);
  put("NOTES.md", "mine");
  const again = installRelease(await target(), await storedRelease(workspace, first), { keepsFiles: true });
  expect((await failureOf(again)).code).toBe("QS-RELEASE-FOREIGN");
});

test("the release of a recipe of which no variant passes any longer is renamed", async () => {
  await install(first);
  expect(await withdrawRelease(await target(), { keepsFiles: true })).toEqual({
    ...{ release, movedTo: `${release}.replaced-1` },
  });
  expect(readdirSync(workspace.releases)).toEqual(["demo.replaced-1"]);
});

test("a release without changes is replaced and withdrawn, also with a file of a file manager", async () => {
  await install(first);
  put(".DS_Store", "");
  expect(await install(second)).toEqual({ release });
  expect(await contents()).toEqual(second);
  expect(await withdrawRelease(await target())).toEqual({ release });
  expect(readdirSync(release)).toEqual([".DS_Store"]);
  rmSync(join(release, ".DS_Store"));
  await withdrawRelease(await target());
  expect(await withdrawRelease(await target())).toBeUndefined();
  expect(readdirSync(workspace.releases)).toEqual([]);
});

test("an empty folder that a killed process created to try the file system does not count; others do", async () => {
  const [machine] = processName().split("-");
  const left = (name: string) => join(release, `.quantsmith-${name}-Ab0xYz`);
  await install(first);
  mkdirSync(left(`probe-${machine}-999999999-1`));
  mkdirSync(left(`owner-${machine}-999999999-1`));
  await install(second);
  expect(readdirSync(release).filter((name) => name.startsWith("."))).toEqual([]);
  for (const name of [`probe-${processName()}`, `probes-${machine}-999999999-1`, `probe-${machine}-999999999`]) {
    mkdirSync(left(name));
    expect((await failureOf(install(first))).code).toBe("QS-RELEASE-FOREIGN");
    rmdirSync(left(name));
  }
  mkdirSync(left(`probe-${machine}-999999999-1`));
  writeFileSync(join(left(`probe-${machine}-999999999-1`), "notes"), "mine");
  expect((await failureOf(install(first))).code).toBe("QS-RELEASE-FOREIGN");
});

test("a link loop at the path of the record is a foreign file", async () => {
  const record = join(workspace.releases, ".demo.json");
  symlinkSync(".demo.json", record);
  expect((await failureOf(install(first))).code).toBe("QS-RELEASE-FOREIGN");
  expect(readlinkSync(record)).toBe(".demo.json");
});

test("a folder or file that quantsmith did not install is not replaced", async () => {
  put("notes.md", "mine");
  expect((await failureOf(install(first))).message).toContain('"notes.md" (added)');
  rmSync(release, { recursive: true });
  writeFileSync(release, "mine");
  expect((await failureOf(install(first))).message).toContain("is not a folder");
  rmSync(release);
  mkdirSync(release);
  await install(first);
  expect(await contents()).toEqual(first);
});

test("a signature of the release stays with it, and goes with it", async () => {
  const sigstore = await startSigstore(base);
  for (const [name, value] of Object.entries(sigstore.env)) vi.stubEnv(name, value);
  vi.stubEnv("SIGSTORE_ID_TOKEN", identityToken("me", "https://token.actions.githubusercontent.com"));
  try {
    await install(first);
    const { record } = await storedRelease(workspace, first);
    const digests = new Map(record.outputs.map(({ path, sha256 }) => [path, sha256]));
    const signature = await signFiles("demo", digests, sigstoreInstance(), new AbortController().signal);
    put("model.sig", signature);
    await install(first);
    expect(await contents()).toEqual({ ...first, "model.sig": signature });
    await install(second);
    expect(await contents()).toEqual(second);
    put("model.sig", signature);
    expect((await failureOf(install(first))).message).toContain('"model.sig" (added)');
  } finally {
    vi.unstubAllEnvs();
    await sigstore.close();
  }
});

const memory = "/dev/shm";
const isOtherDisk = existsSync(memory) && statSync(memory).dev !== statSync(home).dev;

test.runIf(isOtherDisk)("releases on another disk are copied, replaced as a whole and read once", async () => {
  const disk = mkdtempSync(join(memory, "quantsmith-test-"));
  try {
    rmSync(workspace.releases, { recursive: true });
    symlinkSync(disk, workspace.releases);
    expect(await install(first)).toEqual({ release });
    const digests = new DigestCache();
    const reads = vi.spyOn(digests, "digest");
    await install(first, { digests });
    expect(reads).not.toHaveBeenCalled();
    await collectCache(workspace, { kind: "release" });
    expect((await listCache(workspace)).map(({ step }) => step)).toEqual(["package"]);
    await install(second);
    expect(await contents(join(disk, "demo"))).toEqual(second);
    await withdrawRelease(await target());
    expect(readdirSync(disk)).toEqual([]);
  } finally {
    rmSync(disk, { recursive: true });
  }
});

test("a store that is a link to that of another output folder is an error", async () => {
  const other = join(base, "other");
  mkdirSync(other);
  symlinkSync(workspace.store, join(other, "store"));
  expect((await failureOf(openWorkspace(other))).code).toBe("QS-ENV-OUTPUT");
  symlinkSync(join(base, "out"), join(base, "whole"));
  await (await openWorkspace(join(base, "whole"))).close();
});

test.runIf(isOtherDisk)("a store on another disk is an error before any step is built or removed", async () => {
  const disk = mkdtempSync(join(memory, "quantsmith-test-"));
  try {
    const out = mkdtempSync(join(home, "out-"));
    symlinkSync(disk, join(out, "store"));
    expect((await failureOf(openWorkspace(out))).message).toContain("on another disk");
  } finally {
    rmSync(disk, { recursive: true });
  }
});

test("a release whose path is a link replaces the folder that it leads to", async () => {
  const elsewhere = join(base, "elsewhere");
  mkdirSync(elsewhere);
  symlinkSync(elsewhere, release);
  for (const files of [first, second]) {
    expect(await install(files)).toEqual({ release });
    expect(await contents(elsewhere)).toEqual(files);
  }
  expect(readlinkSync(release)).toBe(elsewhere);
});

test("a place that cannot be written has a code and a remedy", async () => {
  const packaged = await storedRelease(workspace, first);
  const own = await target();
  rmSync(workspace.releases, { recursive: true });
  writeFileSync(workspace.releases, "");
  const failure = await failureOf(installRelease(own, packaged));
  expect(failure).toMatchObject({ code: "QS-ENV-OUTPUT", exitCode: 4 });
  expect(failure.message).toContain(release);
});

describe("the release of another recipe", () => {
  const installFrom = async (recipe: string, files: Record<string, string>, replace = false) =>
    installRelease(await target({ replace }, recipe), await storedRelease(workspace, files));

  test("is not replaced, unless with `replace`", async () => {
    await installFrom(join(base, "a/demo.yaml"), first);
    const refused = await failureOf(installFrom(join(base, "b/demo.yaml"), second));
    expect(refused.code).toBe("QS-RELEASE-FOREIGN");
    expect(refused.message).toContain(join(base, "a/demo.yaml"));
    expect(await contents()).toEqual(first);
    await installFrom(join(base, "b/demo.yaml"), second, true);
    expect(await contents(`${release}.replaced-1`)).toEqual(first);
    expect((await failureOf(installFrom(join(base, "a/demo.yaml"), first))).message).toContain("b/demo.yaml");
  });

  test("stays theirs if the contents are equal", async () => {
    await installFrom(join(base, "a/demo.yaml"), first);
    await installFrom(join(base, "b/demo.yaml"), first);
    await installFrom(join(base, "a/demo.yaml"), second);
    expect(await contents()).toEqual(second);
  });

  test("a recipe that was edited or moved is the same recipe", async () => {
    const recipe = join(base, "a/demo.yaml");
    await installFrom(recipe, first);
    const { owner } = await target({}, recipe);
    const edited = await target({ owner: { ...owner, sha256: "0".repeat(64) } }, recipe);
    await installRelease(edited, await storedRelease(workspace, second));
    await installFrom(recipe, first);
    renameSync(join(base, "a"), join(base, "b"));
    await installFrom(join(base, "b/demo.yaml"), second);
    expect(await contents()).toEqual(second);
    // The whole project is moved.
    await workspace.close();
    renameSync(base, `${base}-moved`);
    base = `${base}-moved`;
    workspace = await openWorkspace(join(base, "out"));
    release = join(workspace.releases, "demo");
    await installFrom(join(base, "b/demo.yaml"), first);
    expect(await contents()).toEqual(first);
  });
});

describe("an output folder that was moved to another project", () => {
  const moveTo = async (project: string) => {
    await workspace.close();
    mkdirSync(project, { recursive: true });
    renameSync(join(base, "out"), join(project, "out"));
    workspace = await openWorkspace(join(project, "out"));
    release = join(workspace.releases, "demo");
  };
  const owned = async (project: string, source: string, text: string) => {
    const recipe = join(project, "demo.yaml");
    const { owner } = await target({}, recipe);
    return target({ owner: { ...owner, sha256: text, source } }, recipe);
  };

  test("keeps the release of the recipe that is still at its place", async () => {
    await installRelease(await owned(base, "../../model", "1".repeat(64)), await storedRelease(workspace, first));
    await moveTo(join(base, "other"));
    const other = await owned(join(base, "other"), "../../model", "2".repeat(64));
    const refused = await failureOf(installRelease(other, await storedRelease(workspace, second)));
    expect([refused.code, refused.message]).toEqual([
      "QS-RELEASE-FOREIGN",
      expect.stringContaining(`another recipe: ${join(base, "demo.yaml")}`),
    ]);
    expect(await contents()).toEqual(first);
  });

  test("is its recipe's, also with a source elsewhere", async () => {
    mkdirSync(join(base, "model"));
    await installRelease(await owned(base, "../../model", "1".repeat(64)), await storedRelease(workspace, first));
    await moveTo(join(base, "a/b"));
    renameSync(join(base, "demo.yaml"), join(base, "a/b/demo.yaml"));
    await installRelease(
      await owned(join(base, "a/b"), "../../../../model", "1".repeat(64)),
      await storedRelease(workspace, second),
    );
    expect(await contents()).toEqual(second);
  });
});

describe("the release of another source", () => {
  const built = (source: string, more: Partial<ReleaseOwner> = {}) => ({
    owner: { recipe: "../../demo.yaml", sha256: "0".repeat(64), source, releases: workspace.releases, ...more },
  });
  const hub = "hf:org/first";

  test.each([
    ["another repository", hub, "hf:org/second", hub],
    ["another folder", "../../first", "../../second", () => join(base, "first")],
    ["a folder instead of a repository", hub, "../../first", hub],
  ])("is not replaced, unless with `replace`: %s", async (_, before, now, name) => {
    await install(first, built(before));
    const refused = await failureOf(install(second, built(now)));
    expect([refused.code, refused.message]).toEqual([
      "QS-RELEASE-FOREIGN",
      `cannot replace ${release}, which is the release of another source: ${typeof name === "string" ? name : name()}`,
    ]);
    expect(refused.remedy).toContain("`--out`");
    expect((await failureOf(withdrawRelease(await target(built(now))))).code).toBe("QS-RELEASE-FOREIGN");
    expect(await contents()).toEqual(first);
    await install(second, { ...built(now), replace: true });
    expect(await contents(`${release}.replaced-1`)).toEqual(first);
    await install(first, built(now));
    expect((await failureOf(install(second, built(before)))).code).toBe("QS-RELEASE-FOREIGN");
  });

  test("is not replaced by an equal recipe in another folder, when the first is gone", async () => {
    await install(first, built("../../a/model", { recipe: "../../a/demo.yaml" }));
    const other = built("../../b/model", { recipe: "../../b/demo.yaml" });
    expect((await failureOf(install(second, other))).message).toContain(join(base, "a/model"));
    expect(await contents()).toEqual(first);
  });

  test("belongs to the new source if its contents are equal: the model was moved", async () => {
    await install(first, built("../../model"));
    await install(first, built("../../moved"));
    await install(second, built("../../moved"));
    expect(await contents()).toEqual(second);
  });

  test("a record of an earlier version names no source, and gets one", async () => {
    const owner = { recipe: "../../demo.yaml", sha256: "0".repeat(64), releases: workspace.releases };
    await install(first, { owner });
    await install(second, built(hub));
    expect((await failureOf(install(first, built("hf:org/second")))).code).toBe("QS-RELEASE-FOREIGN");
  });
});

describe("before any work", () => {
  const packaged = (params: Record<string, string>) =>
    somePlan([someStep({ id: "package", stage: "package", params: { files: params } })]);

  test("a run that would build another release fails if it may not replace the present one", async () => {
    await install(first);
    put("NOTES.md", "mine");
    await requireReplaceable(await target(), packaged(first), false);
    const failures = [
      failureOf(requireReplaceable(await target(), packaged(second), false)),
      failureOf(requireReplaceable(await target(), packaged(first), true)),
    ];
    for (const { code } of await Promise.all(failures)) expect(code).toBe("QS-RELEASE-FOREIGN");
    await requireReplaceable(await target({ replace: true }), packaged(second), false);
    rmSync(join(release, "NOTES.md"));
    const { owner } = await target();
    const [one, other] = ["hf:org/one", "hf:org/other"].map((source) => ({ owner: { ...owner, source } }));
    await install(first, one);
    expect((await failureOf(requireReplaceable(await target(other), packaged(second), false))).code).toBe(
      "QS-RELEASE-FOREIGN",
    );
    await requireReplaceable(await target(one), packaged(second), false);
    await requireReplaceable(await target(), somePlan([]), false);
    await requireReplaceable(await target(), packaged(second), false);
  });
});

test("a stored model that was edited before the installation, with its time set back and a new hard link, is not released", async () => {
  const stored = await storedRelease(workspace, first);
  const model = join(stored.folder, "demo-Q8_0.gguf");
  editQuietly(model);
  linkSync(model, join(base, "backup"));
  expect((await failureOf(installRelease(await target(), stored))).code).toBe("QS-INPUT-CHANGED");
  expect(existsSync(release)).toBe(false);
});

describe("stored files after the installation", () => {
  const find = (record: StepRecord) => new Store(workspace).find("package", record.key);

  test("an edit in place that sets the time back is detected through the hard link", async () => {
    const packaged = await storedRelease(workspace, first);
    await installRelease(await target(), packaged);
    expect(await find(packaged.record)).toBeDefined();
    editQuietly(join(release, "demo-Q8_0.gguf"));
    expect(await find(packaged.record)).toBeUndefined();
  });

  test("`verify` detects damage that changes neither size nor times", async () => {
    const packaged = await storedRelease(workspace, first);
    await installRelease(await target(), packaged);
    const card = join(release, "README.md");
    editQuietly(card);
    // No program can set the ctime, so the record gets the new one.
    const record = join(workspace.releases, ".demo.json");
    const installed = await readInstalled(record);
    if (installed === undefined) throw new Error("the record is missing");
    const state = await fileState(card);
    const files = installed.files.map((file) => (file.path === "README.md" ? { ...file, ...state } : file));
    await writeInstalled(record, { ...installed, files });
    expect(await installRelease(await target(), packaged)).toEqual({ release });
    const refused = await failureOf(installRelease(await target({ verify: true }), packaged));
    expect(refused.message).toContain('"README.md" (changed)');
  });
});
