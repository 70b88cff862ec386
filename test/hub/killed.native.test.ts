import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { defaultLimits } from "../../src/hub/limits.js";
import { startFetch } from "../fixtures/fetch-process.js";
import { contents, digests, someBytes } from "../fixtures/hub-client.js";
import { Hub } from "../fixtures/hub-server/hub.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";
import { until } from "../fixtures/until.js";

const base = temporaryFolder();
const content = someBytes(7, 96 * 2 ** 20 + 12_345);
const files = { "model.safetensors": content };
const wanted = digests(files);
const mayBeLost = 8 * 2 ** 20 * defaultLimits.connectionsPerFile;

let hub: Hub;
let env: Record<string, string>;

beforeEach(async () => {
  hub = await Hub.start();
  hub.create("org/model").commit(files);
  env = { HF_ENDPOINT: hub.url, HF_HUB_CACHE: mkdtempSync(join(base, "cache-")), HF_HOME: base };
});
afterEach(async () => {
  expect(hub.violations).toEqual([]);
  await hub.close();
});

const sentParts = () => hub.requests.filter(({ server, status }) => server === "storage" && status === 206);
const sentBytes = () => sentParts().reduce((sum, { sent }) => sum + sent.end - sent.start, 0);
const slowly = () => ({ kind: "slow", chunkBytes: 65_536, delayMs: 1 }) as const;

/** Returns the number of bytes sent more than once, counting each repetition. */
function sentTwice(): number {
  const times = new Uint8Array(content.length);
  for (const { sent } of sentParts())
    for (let byte = sent.start; byte < sent.end; byte++) times[byte] = (times[byte] ?? 0) + 1;
  return times.reduce((sum, count) => sum + Math.max(0, count - 1), 0);
}

test("SIGKILL during a download: at most 8 MiB per connection are fetched twice", async () => {
  hub.faults = ({ server }) => (server === "storage" ? slowly() : undefined);
  for (const kill of [20, 55, 80]) {
    const { child, ended } = startFetch("org/model", env);
    await until(() => sentBytes() >= kill * 2 ** 20);
    child.kill("SIGKILL");
    await ended;
    expect(sentTwice()).toBeLessThanOrEqual(mayBeLost * (kill === 20 ? 1 : kill === 55 ? 2 : 3));
  }
  const before = sentTwice();
  const resumed = sentBytes();
  hub.faults = () => undefined;
  const { folder } = await startFetch("org/model", env).ended;
  expect(contents(folder ?? "")).toEqual(wanted);
  console.log(`killed three times: ${(sentTwice() / 2 ** 20).toFixed(1)} MiB fetched twice in total`);
  expect(sentTwice() - before).toBeLessThanOrEqual(mayBeLost);
  // The download continued instead of restarting.
  expect(sentBytes() - resumed).toBeLessThan(content.length * 0.75);
});

test("two processes share one download; the second continues it after the first is killed", async () => {
  hub.faults = ({ server }) => (server === "storage" ? slowly() : undefined);
  const first = startFetch("org/model", env);
  await until(() => sentBytes() >= 30 * 2 ** 20);
  const second = startFetch("org/model", env);
  await until(() => second.said().includes("note"));
  first.child.kill("SIGKILL");
  const { folder } = await second.ended;
  expect(contents(folder ?? "")).toEqual(wanted);
  expect(sentTwice()).toBeLessThanOrEqual(mayBeLost);
});

test("a full disk is reported, and the download continues once space is free", async (context) => {
  const folder = join(base, "small disk");
  mkdirSync(folder);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=200M", "tmpfs", folder], { stdio: "pipe" });
  } catch {
    context.skip("mounting a small tmpfs needs root on Linux");
  }
  try {
    const here = { ...env, HF_HUB_CACHE: join(folder, "cache") };
    hub.faults = ({ server }) => (server === "storage" ? slowly() : undefined);
    const { ended } = startFetch("org/model", here);
    await until(() => sentBytes() >= 10 * 2 ** 20);
    execFileSync("dd", ["if=/dev/zero", `of=${join(folder, "other")}`, "bs=1M", "count=150"], { stdio: "pipe" });
    expect(await ended).toMatchObject({ code: "QS-DISK-FULL", remedy: expect.stringContaining("HF_HUB_CACHE") });
    // Fails before any request for content.
    const asked = sentParts().length;
    expect(await startFetch("org/model", here).ended).toMatchObject({ code: "QS-DISK-SPACE" });
    expect(sentParts().length).toBe(asked);
    execFileSync("rm", [join(folder, "other")]);
    const result = await startFetch("org/model", here).ended;
    expect(contents(result.folder ?? "")).toEqual(wanted);
    expect(sentTwice()).toBeLessThanOrEqual(mayBeLost);
  } finally {
    execFileSync("umount", [folder]);
  }
});
