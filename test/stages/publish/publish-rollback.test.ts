import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { verifyRemote } from "../../../src/release/verify/verify-remote.js";
import { previewRollback, rollBack } from "../../../src/stages/publish/roll-back.js";
import type { PublishTarget } from "../../../src/stages/publish/target.js";
import { failureOf } from "../../fixtures/failure.js";
import type { Hub } from "../../fixtures/hub-server/hub.js";
import { smallFile } from "../../fixtures/hub-server/repo.js";
import { canary, connectToWrite, publishFolder, startWritableHub, treeOf } from "../../fixtures/publish-client.js";
import { releaseFolder } from "../../fixtures/release-folder.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

const base = temporaryFolder();
const signal = new AbortController().signal;
const hooks = { signal, onProgress: () => undefined };
let hub: Hub;
let trees: Record<string, string>[];
let commits: string[];

const target = (via: "branch" | "pr" = "branch", repo = "me/model"): PublishTarget => {
  return { kind: "hub", repo, via, private: false };
};
const repo = () => hub.create("me/model");
const changeByHand = (path: string, text: string) =>
  repo().change("main", { title: "by hand", set: [smallFile(path, Buffer.from(text))], remove: [] });

/** Two releases: the second one lacks Q2_K, which stays, and `old.json`. */
beforeEach(async () => {
  hub = await startWritableHub();
  const home = mkdtempSync(join(base, "home-"));
  for (const [name, value] of Object.entries({
    HF_ENDPOINT: hub.url,
    HF_HOME: home,
    HF_TOKEN: canary,
    HF_HUB_CACHE: "",
  })) {
    vi.stubEnv(name, value);
  }
  [trees, commits] = [[], []];
  for (const parts of [
    { variants: { Q4_K_M: 1, Q2_K: 3, Q8_0: 2 }, extra: { "old.json": "{}" } },
    { variants: { Q4_K_M: 4, Q6_K: 5, Q8_0: 2 } },
  ]) {
    releaseFolder(join(home, "release"), { ...parts, bytes: 120_000 });
    const { commit } = await publishFolder(connectToWrite(hub, home), join(home, "release"));
    commits.push(commit ?? "");
    trees.push(treeOf(hub));
  }
});
afterEach(async () => {
  vi.unstubAllEnvs();
  expect(hub.violations).toEqual([]);
  await hub.close();
});

const stored = () => hub.requests.filter(({ server, method }) => server === "storage" && method === "PUT").length;

test("one commit restores the files of the former release, and sends no large file; and back again", async () => {
  changeByHand("notes.md", "mine");
  const { "notes.md": notes = "" } = treeOf(hub);
  const before = stored();
  const planned = await previewRollback(commits[0] ?? "", target(), signal);
  expect(treeOf(hub)).toEqual({ ...trees[1], "notes.md": notes });
  const done = await rollBack((commits[0] ?? "").slice(0, 10), target(), hooks);
  expect(done.hub?.operations).toEqual(planned.hub?.operations);
  expect(treeOf(hub)).toEqual({ ...trees[0], "notes.md": notes });
  expect([done.verified?.ok, done.hub?.sentBytes, stored()]).toEqual([true, 0, before]);
  expect(repo().history("main")[0]?.title).toBe(`Roll back to ${(commits[0] ?? "").slice(0, 12)}`);
  expect(repo().branches).toEqual(["main"]);
  expect((await rollBack(commits[0] ?? "", target(), hooks)).hub?.operations).toEqual([]);
  await rollBack(commits[1] ?? "", target(), hooks);
  expect([treeOf(hub), stored()]).toEqual([{ ...trees[1], "notes.md": notes }, before]);
});

test("in a pull request; a file of the present release that someone changed stays", async () => {
  changeByHand("Example-Q6_K.gguf", "mine");
  const { "Example-Q6_K.gguf": theirs = "" } = treeOf(hub);
  const { hub: done } = await rollBack(commits[0] ?? "", target("pr"), hooks);
  expect(done?.pullRequest).toBe(`${hub.url}/me/model/discussions/1`);
  expect(treeOf(hub, "refs/pr/1")).toEqual({ ...trees[0], "Example-Q6_K.gguf": theirs });
});

test("a pull request of somebody else with the same title is not used", async () => {
  const title = `Roll back to ${(commits[0] ?? "").slice(0, 12)}`;
  repo().pullRequests.push({ num: 1, title, author: "stranger", status: "open" });
  repo().point("refs/pr/1", commits[1] ?? "");
  const set = [smallFile("model.py", Buffer.from("evil"))];
  const theirs = repo().change("refs/pr/1", { title, set, remove: [] });
  const planned = await previewRollback(commits[0] ?? "", target("pr"), signal);
  expect([planned.place, planned.hub?.operations.at(-1)]).toEqual([
    `${hub.url}/me/model`,
    { operation: "open-pull-request", title },
  ]);
  const page = `${hub.url}/me/model/discussions/2`;
  expect((await rollBack(commits[0] ?? "", target("pr"), hooks)).place).toBe(page);
  expect([repo().resolve("refs/pr/1"), treeOf(hub, "refs/pr/2")]).toEqual([theirs, trees[0]]);
  const again = await previewRollback(commits[0] ?? "", target("pr"), signal);
  expect([again.place, again.hub?.operations]).toEqual([page, []]);
});

test("a lost response to the commit makes no second one", async () => {
  let left = 1;
  hub.faults = ({ path }) => (path.includes("/commit/main") && left-- > 0 ? { kind: "late", status: 500 } : undefined);
  await rollBack(commits[0] ?? "", target(), hooks);
  expect([treeOf(hub), repo().history("main").length]).toEqual([trees[0], 4]);
});

test("commits that are not of main or have no complete release, changed cards and folders are errors", async () => {
  const [initial = ""] = repo()
    .history("main")
    .slice(-1)
    .map(({ id }) => id);
  repo().point("refs/pr/1", commits[0] ?? "");
  const [oldest = ""] = commits;
  const foreign = repo().change("refs/pr/1", { title: "theirs", set: [smallFile("a", Buffer.from("a"))], remove: [] });
  const broken = repo().change("main", { title: "broken", set: [], remove: ["Example-Q8_0.gguf"] });
  for (const [commit, reason] of [
    ["v1.0", "is not a commit id"],
    ["0123456789", "main has no commit 0123456789"],
    [foreign, "main has no commit"],
    [initial, "contains no release of quantsmith"],
    [broken, "Example-Q8_0.gguf is missing"],
  ] as const) {
    const error = await failureOf(rollBack(commit, target(), hooks));
    expect([error.code, error.message]).toEqual(["QS-PUBLISH-ROLLBACK", expect.stringContaining(reason)]);
  }
  const listed = (ids: string[]) =>
    JSON.stringify(ids.map((id) => ({ id, title: "", authors: [], date: "2026-01-01" })));
  for (const [ids, code] of [
    [[oldest, `${oldest.slice(0, 7)}${"0".repeat(33)}`], "QS-PUBLISH-ROLLBACK"],
    [[oldest, "../../x"], "QS-HUB-ANSWER"],
  ] as const) {
    const body = listed([...ids]);
    hub.faults = ({ path }) => (path.includes("/commits/") ? { kind: "body", body } : undefined);
    expect((await failureOf(rollBack(oldest.slice(0, 7), target(), hooks))).code).toBe(code);
  }
  hub.faults = () => undefined;
  changeByHand("README.md", "# Mine\n");
  expect((await failureOf(rollBack(oldest, target(), hooks))).code).toBe("QS-PUBLISH-FOREIGN");
  expect((await failureOf(rollBack(oldest, { kind: "dir", path: base }, hooks))).code).toBe("QS-PUBLISH-TARGET");
  expect((await failureOf(rollBack(oldest, target("branch", "me/none"), hooks))).code).toBe("QS-HUB-MISSING");
  expect((await verifyRemote(connectToWrite(hub, base), { repo: "me/model", revision: oldest }, signal)).ok).toBe(true);
});
