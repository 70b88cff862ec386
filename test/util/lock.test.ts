import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { isLocked, withLock } from "../../src/util/lock.js";
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
    const holding = withLock(path, {}, async (lost) => {
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
});

test("a link to nothing in place of a lock is an error", async () => {
  const path = join(folder, "dangling.lock");
  symlinkSync("none", path);
  await expect(withLock(path, { signal: AbortSignal.timeout(2000) }, async () => undefined)).rejects.toThrow("ENOENT");
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

test("`lost` fires after a takeover, and the lock of the new process stays", async () => {
  const path = join(folder, "lost.lock");
  await withLock(path, {}, async (lost) => {
    rmSync(path, { recursive: true });
    lockOf(path, elsewhere);
    await new Promise((resolve) => lost.addEventListener("abort", resolve, { once: true }));
  });
  expect(readdirSync(path)).toEqual([`${elsewhere}-00000000`]);
});
