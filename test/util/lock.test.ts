import { mkdir, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { withLock } from "../../src/util/lock.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";
import { until } from "../fixtures/until.js";

const folder = temporaryFolder();

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

test("the lock of a dead process is taken over", async () => {
  const path = join(folder, "dead.lock");
  await mkdir(path);
  const longAgo = new Date(Date.now() - 60_000);
  await utimes(path, longAgo, longAgo);
  expect(await withLock(path, {}, async () => "done")).toBe("done");
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

test("`lost` fires after a takeover, and the lock of the new process stays", async () => {
  const path = join(folder, "lost.lock");
  await withLock(path, {}, async (lost) => {
    await utimes(path, new Date(), new Date(Date.now() + 1000));
    await new Promise((resolve) => lost.addEventListener("abort", resolve, { once: true }));
  });
  await expect(stat(path)).resolves.toBeDefined();
});
