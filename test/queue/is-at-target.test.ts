import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { checksumsOf, isAtTarget } from "../../src/queue/published-release.js";
import { listFiles } from "../../src/util/files.js";
import { Hub } from "../fixtures/hub-server/hub.js";
import { writeRelease } from "../fixtures/small-release.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

let hub: Hub;
beforeEach(async () => {
  hub = await Hub.start();
  vi.stubEnv("HF_ENDPOINT", hub.url);
  vi.stubEnv("HF_HOME", temporaryFolder());
  for (const name of ["HF_HUB_OFFLINE", "HF_HUB_CACHE", "HF_TOKEN"]) vi.stubEnv(name, undefined);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await hub.close();
});

test("a release that main of its repository no longer has is not at its target, though its commit is there", async () => {
  const release = join(temporaryFolder(), "release");
  await writeRelease(release);
  const files = Object.fromEntries(
    (await listFiles(release)).map((path) => [path, readFileSync(join(release, path))] as const),
  );
  const repo = hub.create("me/model");
  const commit = repo.commit(files);
  const checksums = (await checksumsOf(release)) ?? "";
  const published = { key: "", target: "", place: { repo: "me/model", commit }, checksums, installed: "", steps: [] };
  const isThere = () => isAtTarget({ ...published, isDropped: false }, release, new AbortController().signal);
  expect(await isThere()).toBe(true);
  repo.commit({ "README.md": "taken down" });
  expect(await isThere()).toBe(false);
});
