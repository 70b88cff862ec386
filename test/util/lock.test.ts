import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { isLocked, removeGoneLocks, waitForLock, withLock } from "../../src/util/lock.js";
import { processName } from "../../src/util/process-identity.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";
import { until } from "../fixtures/until.js";

// Test files of a worker share loaded modules; this one needs modules with the mocks below.
vi.hoisted(() => vi.resetModules());
afterAll(() => {
  vi.resetModules();
});

// Between two looks at a lock, a test can do something in place of the wait.
let betweenLooks = () => {};
vi.mock("node:timers/promises", async (original) => {
  const real = await original<typeof import("node:timers/promises")>();
  const setTimeout: typeof real.setTimeout = (_ms, value, options) => {
    betweenLooks();
    return real.setTimeout(1, value, options);
  };
  return { ...real, setTimeout };
});

// Whether a mount refuses to set times, as it may for files that it shows as another user's.
let refusesTimes = false;
vi.mock("node:fs", async (original) => {
  const real = await original<typeof import("node:fs")>();
  const lutimesSync: typeof real.lutimesSync = (...args) => {
    if (refusesTimes) throw Object.assign(new Error("not permitted"), { code: "EPERM", errno: -1, syscall: "lutime" });
    real.lutimesSync(...args);
  };
  return { ...real, lutimesSync };
});

// The machine on which this process seems to run.
let machine: string | undefined;
vi.mock("../../src/util/process-identity.js", async (original) => {
  const real = await original<typeof import("../../src/util/process-identity.js")>();
  return { ...real, processName: () => real.processName().replace(/^[0-9a-f]{8}/, (own) => machine ?? own) };
});

const folder = temporaryFolder();
const longAhead = new Date(Date.now() + 365 * 24 * 3_600_000);

beforeEach(() => {
  betweenLooks = () => {};
});
afterEach(() => {
  vi.useRealTimers();
});

/** Creates the lock of another process and returns its owner file. */
function lockOf(path: string, owner: string): string {
  mkdirSync(path);
  const file = join(path, `${owner}-00000000`);
  writeFileSync(file, "");
  return file;
}

/** The name that a running process would give itself. */
function processOf(pid: number): string {
  const status = readFileSync(`/proc/${pid}/stat`, "utf8");
  const start = status.slice(status.lastIndexOf(")") + 2).split(" ")[19];
  return processName().replace(/-\d+-\d+$/, `-${pid}-${start}`);
}

const elsewhere = processName().replace(/^[0-9a-f]{8}/, "00000000");

function emptyLock(path: string): string {
  mkdirSync(path);
  return path;
}

function deadProcess(): string {
  const { pid } = spawnSync(process.execPath, ["-e", ""]);
  return processName().replace(/-\d+-/, `-${pid}-`);
}

test("one process at a time runs; waiting calls `onWait` once", async () => {
  const path = join(folder, "new", "one.lock");
  let inside = 0;
  let most = 0;
  let waits = 0;
  const visit = () =>
    withLock(path, { onWait: () => waits++ }, async () => {
      most = Math.max(most, ++inside);
      await until(() => waits === 2);
      inside--;
    });
  await Promise.all([visit(), visit(), visit()]);
  expect({ most, waits }).toEqual({ most: 1, waits: 2 });
  await expect(stat(path)).rejects.toThrow("ENOENT");
});

test.runIf(existsSync("/proc"))(
  "a file system that has no room for the folder is an error, not a reason to wait",
  async () => {
    await expect(withLock("/proc/none.lock", {}, async () => "never")).rejects.toThrow("ENOENT");
  },
);

test("an aborted wait rejects with the signal's reason", async () => {
  const path = join(folder, "held.lock");
  const stop = new AbortController();
  const reason = new Error("stopped");
  await withLock(path, {}, async () => {
    const waiting = withLock(path, { signal: stop.signal, onWait: () => stop.abort(reason) }, async () => "never");
    await expect(waiting).rejects.toBe(reason);
  });
});

describe("the lock of a gone owner is taken over", () => {
  test.each([
    ["killed on this machine, with a time in the future", (path: string) => lockOf(path, deadProcess())],
    ["of this process, which could not remove it", (path: string) => lockOf(path, processName())],
    ["of another machine, without a heartbeat", (path: string) => lockOf(path, elsewhere)],
    ["killed before it wrote its name", emptyLock],
  ])("%s", async (what, create) => {
    const path = join(folder, `${what}.lock`);
    utimesSync(create(path), longAhead, longAhead);
    expect(await withLock(path, {}, async () => readdirSync(path).length)).toBe(1);
    await expect(stat(path)).rejects.toThrow("ENOENT");
  });

  test("after two waits without an owner, who would have written its name", async () => {
    const path = join(folder, "ownerless.lock");
    emptyLock(path);
    let waits = 0;
    betweenLooks = () => {
      waits++;
    };
    await withLock(path, {}, async () => undefined);
    expect(waits).toBe(2);
  });

  test("by one of several waiting processes at a time", async () => {
    const path = join(folder, "several.lock");
    lockOf(path, elsewhere);
    let inside = 0;
    let most = 0;
    const visit = () =>
      withLock(path, {}, async () => {
        most = Math.max(most, ++inside);
        await new Promise(setImmediate);
        inside--;
      });
    await Promise.all(Array.from({ length: 8 }, visit));
    expect(most).toBe(1);
  });
});

describe("the lock of a live owner is left alone", () => {
  test("while the clock jumps ahead and back", async () => {
    const path = join(folder, "jump.lock");
    vi.useFakeTimers({ toFake: ["Date"] });
    let looks = 0;
    betweenLooks = () => {
      looks++;
      vi.setSystemTime(Date.now() + (looks % 2 === 1 ? 1 : -1) * 3_600_000);
    };
    let inside = 0;
    const holding = withLock(path, {}, async ({ lost }) => {
      inside++;
      await until(() => looks >= 10);
      expect([inside, lost.aborted]).toEqual([1, false]);
    });
    await until(() => inside === 1);
    await Promise.all([holding, withLock(path, {}, async () => inside++)]);
    expect(inside).toBe(2);
  });

  test("on another machine whose clock is behind", async () => {
    const path = join(folder, "behind.lock");
    const file = lockOf(path, elsewhere);
    let looks = 0;
    betweenLooks = () => {
      if (++looks < 100) utimesSync(file, looks, looks);
      else if (looks === 100) rmSync(path, { recursive: true });
    };
    await withLock(path, {}, async () => undefined);
    expect(looks).toBe(100);
  });

  test("on this machine, even if it is stopped and has no heartbeat", async () => {
    const path = join(folder, "stopped.lock");
    const owner = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
    const ended = once(owner, "exit");
    owner.kill("SIGSTOP");
    const file = lockOf(path, processOf(owner.pid ?? 0));
    let [looks, waits] = [0, 0];
    betweenLooks = () => {
      if (++looks === 100) owner.kill("SIGKILL");
    };
    await withLock(path, { onWait: () => waits++ }, async () =>
      expect(readdirSync(path)).not.toContain(basename(file)),
    );
    await ended;
    expect([looks >= 100, waits]).toEqual([true, 1]);
  });
});

describe("a wait names the process, its user and the lock", () => {
  const ownerOf = async (path: string) => {
    const stop = new AbortController();
    const waiting = withLock(path, { signal: stop.signal, onWait: (owner) => stop.abort(owner) }, async () => "never");
    return waiting.catch((owner: unknown) => owner);
  };

  test("of this user", async () => {
    const path = join(folder, "mine.lock");
    await withLock(path, {}, async () =>
      expect(await ownerOf(path)).toBe(`process ${process.pid} has the lock ${path}`),
    );
  });

  test("on another machine", async () => {
    const path = join(folder, "elsewhere.lock");
    lockOf(path, elsewhere);
    expect(await ownerOf(path)).toBe(`a process of another machine or container has the lock ${path}`);
  });

  test.runIf(process.getuid?.() === 0)("of another user, whose lock is waited for and stays", async () => {
    const path = join(folder, "colleague.lock");
    const program = ["-e", "setInterval(() => {}, 1000); console.log()"];
    const colleague = spawn(process.execPath, program, { uid: 12345, stdio: ["ignore", "pipe", "ignore"] });
    try {
      await once(colleague.stdout, "data");
      const file = lockOf(path, processOf(colleague.pid ?? 0));
      for (const each of [path, file]) chownSync(each, 12345, 12345);
      expect(await ownerOf(path)).toBe(`process ${colleague.pid} of user 12345 has the lock ${path}`);
      expect(readdirSync(path)).toEqual([basename(file)]);
    } finally {
      colleague.kill();
    }
  });
});

describe("what is at the path of a lock and is no lock of this user", () => {
  const elsewhereIn = (path: string) =>
    join(mkdirSync(join(dirname(path), "home"), { recursive: true }) ?? "", "victim");
  const victim = (path: string) => {
    const made = emptyLock(elsewhereIn(path));
    writeFileSync(join(made, "only.txt"), "text");
    return made;
  };
  /** The name of a dead owner, whose lock would be taken over. */
  const owner = () => `${deadProcess()}-00000000`;
  const cases: [string, (path: string) => void][] = [
    ["a link to nothing", (path) => symlinkSync("none", path)],
    ["a link to a folder", (path) => symlinkSync(victim(path), path)],
    ["a link to an empty folder", (path) => symlinkSync(emptyLock(elsewhereIn(path)), path)],
    [
      "a link to the lock of a dead process",
      (path) => symlinkSync(dirname(lockOf(elsewhereIn(path), deadProcess())), path),
    ],
    ["a folder with notes", (path) => renameSync(victim(path), path)],
    ["a lock with notes", (path) => writeFileSync(join(dirname(lockOf(path, deadProcess())), "notes.txt"), "text")],
    [
      "a folder with a file that has the name of an owner",
      (path) => writeFileSync(lockOf(path, deadProcess()), "text"),
    ],
    ["a folder with such a folder", (path) => mkdirSync(join(emptyLock(path), owner()))],
    ["a folder with such a link", (path) => symlinkSync(victim(path), join(emptyLock(path), owner()))],
    ["a file", (path) => writeFileSync(path, "text")],
  ];

  /** All entries with their contents. */
  const tree = (of: string) =>
    readdirSync(of, { recursive: true, withFileTypes: true })
      .map((entry) => {
        const path = join(entry.parentPath, entry.name);
        return [path, entry.isFile() ? readFileSync(path, "utf8") : ""];
      })
      .sort();

  test.each(cases)("is left alone: %s", async (what, create) => {
    const home = join(folder, "foreign", what.replaceAll(" ", "-"));
    mkdirSync(home, { recursive: true });
    const path = join(home, ".model.lock");
    create(path);
    const before = tree(home);
    const refused = { code: "QS-ENV-LOCK", message: expect.stringContaining(path), at: { file: path } };
    await expect(withLock(path, {}, async () => "never")).rejects.toMatchObject(refused);
    await expect(isLocked(path)).rejects.toMatchObject(refused);
    await removeGoneLocks(home);
    expect(tree(home)).toEqual(before);
  });

  test.runIf(process.getuid?.() === 0).each([
    ["of a dead process", deadProcess],
    ["in the name of a live process of this user", () => processOf(process.ppid)],
  ])("is left alone: the lock of another user, %s", async (what, name) => {
    const path = join(folder, `theirs ${what}.lock`);
    const file = lockOf(path, name());
    for (const each of [path, file]) chownSync(each, 65534, 65534);
    const signal = AbortSignal.timeout(5000);
    await expect(withLock(path, { signal }, async () => "never")).rejects.toMatchObject({ code: "QS-ENV-LOCK" });
    expect(readdirSync(path)).toEqual([basename(file)]);
  });
});

test("`removeGoneLocks` removes the locks of dead processes only", async () => {
  const locks = join(folder, "locks");
  mkdirSync(locks);
  lockOf(join(locks, "dead.lock"), deadProcess());
  lockOf(join(locks, "silent.lock"), elsewhere);
  emptyLock(join(locks, "unnamed.lock"));
  await withLock(join(locks, "live.lock"), {}, async () => {
    await removeGoneLocks(locks);
    expect(readdirSync(locks)).toEqual(["live.lock"]);
  });
});

test("`isLocked` tells a live owner from a gone one and from none", async () => {
  const path = join(folder, "asked.lock");
  expect(await isLocked(path)).toBe(false);
  const file = lockOf(path, elsewhere);
  expect(await isLocked(path)).toBe(false);
  betweenLooks = () => utimesSync(file, 1, 1);
  expect(await isLocked(path)).toBe(true);
  rmSync(path, { recursive: true });
  await withLock(path, {}, async () => expect(await isLocked(path)).toBe(true));
});

test("`waitForLock` takes the lock of a suspended owner over, which notices it", async () => {
  const path = join(folder, "suspended.lock");
  machine = "00000000";
  await withLock(path, {}, async ({ isHeld }) => {
    machine = undefined;
    expect(isHeld()).toBe(true);
    await waitForLock(path, {});
    expect([existsSync(path), isHeld()]).toEqual([false, false]);
  });
});

test("a lock on a mount that refuses times is not lost until its owner file is gone", async () => {
  const path = join(folder, "refused.lock");
  refusesTimes = true;
  try {
    await withLock(path, {}, async ({ isHeld }) => {
      expect(isHeld()).toBe(true);
      rmSync(path, { recursive: true });
      expect(isHeld()).toBe(false);
    });
  } finally {
    refusesTimes = false;
  }
});

test("`waitForLock` leaves the lock of a live owner alone, and stops with its signal", async () => {
  const path = join(folder, "live.lock");
  const stop = new AbortController();
  await withLock(path, {}, async ({ isHeld }) => {
    const waiting = waitForLock(path, { signal: stop.signal, onWait: (owner) => stop.abort(owner) });
    expect(await waiting.catch((owner: unknown) => owner)).toBe(`process ${process.pid} has the lock ${path}`);
    expect(isHeld()).toBe(true);
  });
  await waitForLock(path, {});
});

test("`lost` fires after a takeover, and the lock of the new process stays", async () => {
  const path = join(folder, "lost.lock");
  await withLock(path, {}, async ({ lost }) => {
    rmSync(path, { recursive: true });
    lockOf(path, elsewhere);
    await new Promise((resolve) => lost.addEventListener("abort", resolve, { once: true }));
  });
  expect(readdirSync(path)).toEqual([`${elsewhere}-00000000`]);
});
