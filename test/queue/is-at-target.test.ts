import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { checksumsOf, hasOwnSignature, isAtTarget } from "../../src/queue/published-release.js";
import { listFiles } from "../../src/util/files.js";
import { Hub } from "../fixtures/hub-server/hub.js";
import type { PullRequest } from "../fixtures/hub-server/repo.js";
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

test("the release of a pull request is at its target while that is open, or on main", async () => {
  const release = join(temporaryFolder(), "release");
  await writeRelease(release);
  const paths = await listFiles(release);
  const files = Object.fromEntries(paths.map((path) => [path, readFileSync(join(release, path))] as const));
  const repo = hub.create("me/model");
  const first = repo.commit({ "README.md": "" });
  const commit = repo.commit(files);
  repo.point("refs/pr/1", commit);
  repo.point("main", first);
  const request: PullRequest = { num: 1, title: "Release", author: "me", status: "open" };
  repo.pullRequests.push(request);
  const place = { repo: "me/model", commit, pullRequest: `${hub.url}/me/model/discussions/1` };
  const checksums = (await checksumsOf(release)) ?? "";
  const published = { key: "", target: "", place, checksums, installed: "", steps: [], isDropped: false };
  const { signal } = new AbortController();
  const isThere = () => isAtTarget(published, release, signal);
  expect(await isThere()).toBe(true);
  request.status = "closed";
  expect(await isThere()).toBe(false);
  request.status = "merged";
  repo.point("main", commit);
  expect(await isThere()).toBe(true);

  expect(await hasOwnSignature(published, release, signal)).toBe(false);
  writeFileSync(join(release, "model.sig"), "{}");
  expect(await hasOwnSignature(published, release, signal)).toBe(true);
  repo.commit({ ...files, "model.sig": "{}" });
  expect(await hasOwnSignature(published, release, signal)).toBe(false);
});
