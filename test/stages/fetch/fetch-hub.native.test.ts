import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { hubConnection } from "../../../src/hub/connection.js";
import { listModel } from "../../../src/hub/list-model.js";
import { fetchHub } from "../../../src/stages/fetch/fetch-hub.js";
import type { Progress, StageContext } from "../../../src/stages/stage.js";
import { demoFolder } from "../../fixtures/cli.js";
import { contents, digests } from "../../fixtures/hub-client.js";
import { Hub } from "../../fixtures/hub-server/hub.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

const model = join(demoFolder, "tiny-llama");
const files = Object.fromEntries(readdirSync(model).map((name) => [name, readFileSync(join(model, name))]));
const weights = "model.safetensors";
let hub: Hub;
let home: string;

beforeEach(async () => {
  hub = await Hub.start();
  hub.create("org/tiny").commit(files);
  home = temporaryFolder();
  vi.stubEnv("HF_ENDPOINT", hub.url);
  vi.stubEnv("HF_HOME", home);
  vi.stubEnv("HF_HUB_CACHE", join(home, "hub"));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await hub.close();
});

test("an own copy continues after an interrupt, its files are in the step, and the shared cache stays untouched", async () => {
  const { commit, files: listing } = await listModel(hubConnection(), "org/tiny", "main");
  const listed = listing.map(({ path, bytes, digest }) => ({ path, bytes, digest }));
  const params = { repo: "org/tiny", commit, files: listed, allowUnsafe: false, checkWeights: "none" as const };
  const operation = fetchHub({ revision: "main", listing, downloads: 1, ownCopy: true });
  const partial = join(home, "partial");
  mkdirSync(partial);
  const run = async (name: string, signal: AbortSignal, progress: (progress: Progress) => void) => {
    const out = join(home, name);
    mkdirSync(out);
    const context = { out, signal, progress, partial: () => Promise.resolve(partial) } as unknown as StageContext;
    const prepared = await operation.prepare?.(params, context);
    return { bytes: prepared?.bytes ?? 0, end: operation.run(params, context, prepared), out };
  };
  const interrupt = new AbortController();
  const first = await run("first", interrupt.signal, ({ done, total }) => {
    if (done > total / 2) interrupt.abort(new Error("interrupted"));
  });
  await expect(first.end).rejects.toThrow("interrupted");
  const before = hub.requests.length;
  const second = await run("second", new AbortController().signal, () => undefined);
  await second.end;
  const total = listed.reduce((sum, { bytes }) => sum + bytes, 0);
  expect(first.bytes - second.bytes).toBeGreaterThan(total / 2);
  const sent = hub.requests.slice(before).reduce((sum, { sent }) => sum + sent.end - sent.start, 0);
  expect(sent).toBeLessThan(total / 2);
  expect(contents(join(second.out, "snapshot"))).toEqual(digests(files));
  expect(lstatSync(join(second.out, "snapshot", weights)).isFile()).toBe(true);
  expect(existsSync(join(home, "hub"))).toBe(false);
});
