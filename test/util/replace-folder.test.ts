import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test, vi } from "vitest";
import {
  type LockedFolder,
  type OldContent,
  removeFolder,
  replaceFolder,
  withFolderLock,
} from "../../src/util/replace-folder.js";
import { type Death, dyingFiles } from "../fixtures/dying-files.js";
import { failureOf } from "../fixtures/failure.js";
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
  return ["a", "b", "c"].map((name) => ({ path: name, bytes: version.length }));
};
const replace = (version: string) => withFolderLock(path, {}, (folder) => replaceFolder(folder, build(version), keep));
const repair = () => withFolderLock(path, {}, keep);

const longAgo = 1e9;

function old(): void {
  mkdirSync(path);
  for (const name of ["a", "b", "c"]) {
    writeFileSync(join(path, name), "old");
    utimesSync(join(path, name), longAgo, longAgo);
  }
}

/** Runs work that dies at its `at`-th operation. Returns false if the work ended before. */
async function dieAt(at: number, kind: Death, work: () => Promise<unknown>): Promise<boolean> {
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
    test.each<[string, () => Promise<unknown>, (string | undefined)[]]>([
      ["replacing", () => replace("new"), ["old", "new"]],
      ["removing", () => withFolderLock(path, {}, (folder) => removeFolder(folder, keep)), ["old", undefined]],
    ])("%s leaves the old or the new content, and the next process removes the rest", async (_, work, allowed) => {
      const states = new Set<string | undefined>();
      let at = 0;
      for (let dies = true; dies; at++) {
        parent = mkdtempSync(join(base, "parent-"));
        path = join(parent, "release");
        old();
        dies = await dieAt(at, kind, work);
        // Without a repair, the complete content is in place, or beside it between two renames.
        const folders = readdirSync(parent, { withFileTypes: true }).filter((entry) => entry.isDirectory());
        const found = folders.map(({ name }) => content(join(parent, name)).join());
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

    test("replacing and keeping loses neither content", async () => {
      const names = new Set<string>();
      let at = 0;
      for (let dies = true; dies; at++) {
        parent = mkdtempSync(join(base, "parent-"));
        path = join(parent, "release");
        old();
        dies = await dieAt(at, kind, () =>
          withFolderLock(path, {}, (folder) => replaceFolder(folder, build("new"), "keep")),
        );
        await repair();
        const isNew = content(path)[0] === "new";
        expect(readdirSync(parent)).toEqual(isNew ? ["release", "release.replaced-1"] : ["release"]);
        expect(content(path)).toEqual(complete(isNew ? "new" : "old"));
        if (isNew) expect(content(`${path}.replaced-1`)).toEqual(complete("old"));
        names.add(readdirSync(parent).join());
      }
      expect([at > 5, names.size]).toEqual([true, 2]);
    });

    test.each([
      ["replacing", () => replace("new")],
      ["removing", () => withFolderLock(path, {}, (folder) => removeFolder(folder, keep))],
    ])("%s leaves the files of file managers", async (what, work) => {
      for (let at = 0, dies = true; dies; at++) {
        parent = mkdtempSync(join(base, "parent-"));
        path = join(parent, "release");
        old();
        mkdirSync(join(path, ".directory"));
        for (const name of ["._a", ".directory/._notes"]) writeFileSync(join(path, name), "mine");
        dies = await dieAt(at, kind, work);
        await repair();
        for (const name of ["._a", ".directory/._notes"]) expect(readFileSync(join(path, name), "utf8")).toBe("mine");
        if (!dies) expect(existsSync(join(path, "a"))).toBe(what === "replacing");
      }
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

describe("a process that is stopped at any operation, and loses its lock meanwhile", () => {
  test.each<[string, () => Promise<unknown>]>([
    ["replacing", () => replace("new")],
    ["removing", () => withFolderLock(path, {}, (folder) => removeFolder(folder, keep))],
    ["keeping", () => withFolderLock(path, {}, (folder) => replaceFolder(folder, build("new"), "keep"))],
  ])("%s changes nothing more", async (what, work) => {
    const ends = new Map<string, number>();
    // The first operation is that of `withFolderLock`, without the lock.
    for (let at = 1; ; at++) {
      parent = mkdtempSync(join(base, "parent-"));
      path = join(parent, "release");
      old();
      dyingFiles.start(at, "stop");
      const working = work().then(
        () => "done",
        (error) => error.code,
      );
      await Promise.race([working, dyingFiles.died]);
      if (dyingFiles.operations.length <= at) break;
      await (at % 2 === 0 ? replace("other") : repair());
      const before = existsSync(path) ? content(path).join() : undefined;
      dyingFiles.resume();
      const end = await working;
      ends.set(end, (ends.get(end) ?? 0) + 1);
      expect([undefined, complete("old").join(), complete("new").join(), complete("other").join()]).toContain(before);
      expect([at, existsSync(path) ? content(path).join() : undefined]).toEqual([at, before]);
      await repair();
      const rest = readdirSync(parent).filter((name) => name !== "release");
      expect([at, rest]).toEqual([at, what === "keeping" && rest.length > 0 ? ["release.replaced-1"] : []]);
    }
    expect([...ends.keys()].sort()).toEqual(["QS-ENV-LOCK", "done"]);
  });
});

test.each<[string, (next: string) => void, string]>([
  ["removed", (next) => rmSync(join(next, "b")), "removed b"],
  ["shortened", (next) => writeFileSync(join(next, "b"), ""), "changed b"],
])("a new folder in which another program has %s a file does not replace the old one", async (_, change, message) => {
  old();
  const changed = async (next: string) => {
    const files = await build("new")(next);
    change(next);
    return files;
  };
  const replacing = withFolderLock(path, {}, (folder) => replaceFolder(folder, changed, keep));
  const error = await failureOf(replacing);
  expect([error.code, error.message]).toEqual(["QS-ENV-FILE", expect.stringContaining(message)]);
  expect(content(path)).toEqual(complete("old"));
  expect(readdirSync(parent)).toEqual(["release"]);
});

test("a missing folder and a missing parent", async () => {
  path = join(parent, "deep", "release");
  await replace("new");
  expect(content(path)).toEqual(complete("new"));
  expect(readdirSync(join(parent, "deep"))).toEqual(["release"]);
});

test("a rejected old folder stays in place", async () => {
  old();
  const rejected = () => Promise.reject(new Error("changed"));
  await expect(withFolderLock(path, {}, (folder) => replaceFolder(folder, build("new"), rejected))).rejects.toThrow(
    "changed",
  );
  await expect(withFolderLock(path, {}, (folder) => removeFolder(folder, rejected))).rejects.toThrow("changed");
  expect(content(path)).toEqual(complete("old"));
  expect(readdirSync(parent)).toEqual(["release"]);
});

/** Changes of a program with its working directory in the former folder, and what stays of that folder. */
const changes: [string, (folder: string) => void, Record<string, string>][] = [
  ["an added file", (folder) => writeFileSync(join(folder, "notes.txt"), "mine"), { "notes.txt": "mine" }],
  ["an added file of a file manager", (folder) => writeFileSync(join(folder, "._b"), "mine"), { "._b": "mine" }],
  ["an added folder", (folder) => mkdirSync(join(folder, "notes")), {}],
  [
    "an edit with the former size and modification time",
    (folder) => {
      writeFileSync(join(folder, "b"), "own");
      utimesSync(join(folder, "b"), longAgo, longAgo);
    },
    { b: "own" },
  ],
];

describe.each(changes)("the former folder during a replacement: %s stays", (_, change, kept) => {
  const expectKept = () => {
    const files = readdirSync(`${path}.replaced-1`, { withFileTypes: true }).filter((entry) => entry.isFile());
    expect(
      Object.fromEntries(files.map(({ name }) => [name, readFileSync(join(`${path}.replaced-1`, name), "utf8")])),
    ).toEqual(kept);
  };

  test.each([
    ["replacing", (folder: LockedFolder, check: OldContent) => replaceFolder(folder, build("new"), check)],
    ["removing", removeFolder],
  ])("%s, after the check", async (what, work) => {
    old();
    expect(await withFolderLock(path, {}, (folder) => work(folder, async (moved) => change(moved)))).toBe(
      `${path}.replaced-1`,
    );
    expectKept();
    expect(readdirSync(parent)).toEqual([...(what === "replacing" ? ["release"] : []), "release.replaced-1"]);
  });

  test("after a kill at any operation", async () => {
    let kills = 0;
    for (let at = 0, dies = true; dies; at++) {
      parent = mkdtempSync(join(base, "parent-"));
      path = join(parent, "release");
      old();
      dies = await dieAt(at, "before", () => replace("new"));
      const former = readdirSync(parent).find((name) => name.startsWith(".release.old-"));
      if (former === undefined || !existsSync(path) || !existsSync(join(parent, former, "b"))) continue;
      change(join(parent, former));
      await repair();
      expect(readdirSync(parent)).toEqual(["release", "release.replaced-1"]);
      expectKept();
      kills += 1;
    }
    expect(kills).toBeGreaterThan(1);
  });
});

describe("a file of a file manager, whose hard link the system refuses as that of another user's file", () => {
  /** Replaces a folder with the file twice, the second time without a hard link. */
  const replaceTwice = async () => {
    dyingFiles.start();
    await replace("new");
    const at = dyingFiles.operations.indexOf("link");
    dyingFiles.start(at, "error", "EPERM");
    await replace("newer");
    expect(dyingFiles.operations.filter((name) => name === "link")).toHaveLength(1);
  };

  test("a regular one is copied", async () => {
    old();
    writeFileSync(join(path, "._a"), "mine");
    await replaceTwice();
    expect(content(path)).toEqual(["mine", ...complete("newer")]);
    expect(readdirSync(parent)).toEqual(["release"]);
  });

  test.each([
    ["a link", (at: string) => symlinkSync(join(parent, "secret"), at), (state: Stats) => state.isSymbolicLink()],
    ["a pipe", (at: string) => execFileSync("mkfifo", [at]), (state: Stats) => state.isFIFO()],
  ])("%s is neither read nor lost", async (_, create, isSame) => {
    old();
    writeFileSync(join(parent, "secret"), "secret");
    create(join(path, "._a"));
    await replaceTwice();
    expect(content(path)).toEqual(complete("newer"));
    expect(readdirSync(parent)).toEqual(["release", "release.replaced-1", "secret"]);
    expect(readdirSync(`${path}.replaced-1`)).toEqual(["._a"]);
    expect(isSame(lstatSync(join(`${path}.replaced-1`, "._a")))).toBe(true);
  });
});

test("what the system refuses to remove stays under another name, and does not stop later replacements", async () => {
  old();
  dyingFiles.start();
  await replace("new");
  const at = dyingFiles.operations.indexOf("unlink");
  dyingFiles.start(at, "error", "EACCES");
  expect(await replace("newer")).toBe(`${path}.replaced-1`);
  expect(content(`${path}.replaced-1`)).toEqual(complete("new"));
  expect(await replace("newest")).toBeUndefined();
  expect(content(path)).toEqual(complete("newest"));
  expect(readdirSync(parent)).toEqual(["release", "release.replaced-1"]);
});

describe("folders of file managers", () => {
  const victim = () => {
    mkdirSync(join(parent, "victim"));
    writeFileSync(join(parent, "victim/notes"), "secret");
  };

  test("a link in the place of one is neither read nor emptied", async () => {
    old();
    victim();
    symlinkSync("../victim", join(path, ".directory"));
    await replace("new");
    expect(readdirSync(parent)).toEqual(["release", "victim"]);
    expect(content(join(parent, "victim"))).toEqual(["secret"]);
    expect(lstatSync(join(path, ".directory")).isSymbolicLink()).toBe(true);
  });

  test("nor one that takes its place meanwhile", async () => {
    old();
    victim();
    mkdirSync(join(path, ".directory"));
    writeFileSync(join(path, ".directory/notes"), "mine");
    dyingFiles.before = (name) => {
      if (name !== "link") return;
      const [former] = readdirSync(parent).filter((entry) => entry.startsWith(".release.old-"));
      const folder = join(parent, former ?? "", ".directory");
      if (lstatSync(folder).isSymbolicLink()) return;
      renameSync(folder, join(parent, "moved"));
      symlinkSync("../victim", folder);
    };
    await replace("new");
    expect(readFileSync(join(path, ".directory/notes"), "utf8")).toBe("mine");
    expect(content(join(parent, "victim"))).toEqual(["secret"]);
  });
});

test("nothing behind a link is removed that takes the place of a folder during the removal", async () => {
  old();
  for (const folder of [join(path, "sub"), join(parent, "victim")]) {
    mkdirSync(folder);
    writeFileSync(join(folder, "e"), "old");
    utimesSync(join(folder, "e"), longAgo, longAgo);
  }
  linkSync(join(parent, "victim/e"), join(parent, "victim/f"));
  dyingFiles.start();
  let exchanged = false;
  dyingFiles.before = (name) => {
    const former = readdirSync(parent).find((entry) => entry.startsWith(".release.old-"));
    if (name !== "unlink" || former === undefined || exchanged) return;
    exchanged = true;
    renameSync(join(parent, former, "sub"), join(parent, "moved"));
    symlinkSync("../victim", join(parent, former, "sub"));
  };
  await replace("new");
  expect([exchanged, readdirSync(join(parent, "victim"))]).toEqual([true, ["e", "f"]]);
  expect(readlinkSync(join(parent, "release.replaced-1", "sub"))).toBe("../victim");
});

test("files created after a kill between the renames stay, and the former folder moves beside them", async () => {
  for (const expected of ["release.replaced-1", "release.replaced-2"]) {
    if (!existsSync(path)) old();
    // Dies at the rename of the new folder, which follows that of the old one.
    for (let at = 0; existsSync(path); at++) await dieAt(at, "before", () => replace("new"));
    mkdirSync(path);
    writeFileSync(join(path, "mine"), expected);
    await repair();
    expect(content(path)).toEqual([expected]);
    expect(content(join(parent, expected))).toContain(expected === "release.replaced-1" ? "old" : "release.replaced-1");
    await repair();
  }
  expect(readdirSync(parent).sort()).toEqual(["release", "release.replaced-1", "release.replaced-2"]);
});

test.each<[string, (text: string) => void]>([
  ["a file", (text) => writeFileSync(path, text)],
  ["a link", (text) => symlinkSync(`/none/${text}`, path)],
])(
  "%s that someone creates after a kill between the renames stays, and the former one moves beside it",
  async (_, put) => {
    const textOf = (at: string) => (lstatSync(at).isSymbolicLink() ? readlinkSync(at) : readFileSync(at, "utf8"));
    put("first");
    const first = textOf(path);
    const replacing = () => withFolderLock(path, {}, (folder) => replaceFolder(folder, build("new"), "keep"));
    for (let at = 0; lstatSync(path, { throwIfNoEntry: false }) !== undefined; at++)
      await dieAt(at, "before", replacing);
    put("second");
    const second = textOf(path);
    await repair();
    expect([textOf(path), textOf(`${path}.replaced-1`)]).toEqual([second, first]);
    expect(readdirSync(parent)).toEqual(["release", "release.replaced-1"]);
  },
);

describe("siblings that look like temporary folders of a replacement stay", () => {
  const id = "0123456789abcdef0123456789abcdef";
  const someFolder = (name: string) => {
    mkdirSync(join(parent, name));
    writeFileSync(join(parent, name, "notes.txt"), "mine");
  };
  test.each([
    ["similar names", () => [".release.next-mine", ".release.old", ".release.old-20261130", ".release.next-20250101"]],
    ["both names of a former version", () => [".release.next-0123abcd", ".release.old-0123abcd"]],
    ["names of other folders", () => [`.other.next-${id}`, `release.old-${id}`]],
    ["the exact names, without a record", () => [`.release.next-${id}`, `.release.old-${id}`]],
    [
      "with a folder or a full file in place of the record",
      () => {
        mkdirSync(join(parent, `.release.swap-${id}-0`));
        writeFileSync(join(parent, `.release.swap-${"a".repeat(32)}-0`), "text");
        return [`.release.next-${id}`, `.release.old-${"a".repeat(32)}`];
      },
    ],
  ])("%s", async (_, names) => {
    for (const name of names()) someFolder(name);
    const before = readdirSync(parent, { recursive: true }).sort();
    old();
    await replace("new");
    expect(content(path)).toEqual(complete("new"));
    const now = (readdirSync(parent, { recursive: true }) as string[]).filter((name) => !/^release(\/|$)/.test(name));
    expect(now.sort()).toEqual(before);
  });

  test.runIf(process.getuid?.() === 0)("folders and records of another user", async () => {
    const [theirs, ours] = [id, "b".repeat(32)];
    writeFileSync(join(parent, `.release.swap-${theirs}-65534`), "");
    writeFileSync(join(parent, `.release.swap-${ours}-0`), "");
    for (const name of [theirs, ours]) for (const kind of ["old", "next"]) someFolder(`.release.${kind}-${name}`);
    for (const name of [`swap-${theirs}-65534`, `old-${theirs}`, `next-${theirs}`, `old-${ours}`])
      chownSync(join(parent, `.release.${name}`), 65534, 65534);
    const before = readdirSync(parent, { recursive: true }).sort();
    await repair();
    expect(readdirSync(parent, { recursive: true }).sort()).toEqual(before);
  });
});

describe("a replaced folder keeps its permissions", () => {
  const mode = (name: string) => (statSync(join(path, name)).mode & 0o7777).toString(8);
  const deep = async (next: string) => {
    const files = await build("new")(next);
    mkdirSync(join(next, "sub"));
    for (const name of ["d", "sub/e"]) await writeFile(join(next, name), "new");
    return files;
  };
  const replaceDeep = () => withFolderLock(path, {}, (folder) => replaceFolder(folder, deep, keep));

  test("and those of equally named files and folders; nobody else reads the new ones before", async () => {
    old();
    mkdirSync(join(path, "sub"));
    chmodSync(join(path, "sub"), 0o2750);
    chmodSync(join(path, "a"), 0o600);
    chmodSync(join(path, "b"), 0o664);
    chmodSync(path, 0o750);
    let during = 0;
    const watched = async (next: string) => {
      during = statSync(next).mode & 0o7777;
      return deep(next);
    };
    await withFolderLock(path, {}, (folder) => replaceFolder(folder, watched, keep));
    expect(during).toBe(0o700);
    expect([".", "sub", "a", "b"].map(mode)).toEqual(["750", "2750", "600", "664"]);
    expect(mode("d")).toBe((0o666 & ~process.umask()).toString(8));
    expect(content(join(path, "sub"))).toEqual(["new"]);
  });

  test("a file with other hard links only loses rights", async () => {
    const store = join(parent, "store");
    writeFileSync(store, "new", { mode: 0o640 });
    const link = async (next: string) => {
      linkSync(store, join(next, "a"));
      return [{ path: "a", bytes: 3 }];
    };
    for (const [before, after] of [
      [0o666, "640"],
      [0o600, "600"],
    ] as const) {
      mkdirSync(path);
      writeFileSync(join(path, "a"), "old");
      chmodSync(join(path, "a"), before);
      await withFolderLock(path, {}, (folder) => replaceFolder(folder, link, keep));
      expect(mode("a")).toBe(after);
      rmSync(path, { recursive: true });
    }
  });

  test.runIf(process.getuid?.() === 0)("and, as root, its owner and group", async () => {
    old();
    for (const name of [".", "a"]) chownSync(join(path, name), 65534, 65533);
    chmodSync(join(path, "a"), 0o640);
    await replaceDeep();
    const owners = [".", "a", "b", "d"].map((name) => [statSync(join(path, name)).uid, statSync(join(path, name)).gid]);
    expect(owners).toEqual([
      ...Array(2).fill([65534, 65533]),
      ...Array(2).fill([process.getuid?.(), process.getgid?.()]),
    ]);
    expect(mode("a")).toBe("640");
  });
});
