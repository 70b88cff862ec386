import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { HubPublishOptions } from "../../../src/stages/publish/hub-options.js";
import { QuantsmithError } from "../../../src/util/errors.js";
import { type FaultPlan, randomUploadFaults } from "../../fixtures/hub-server/faults.js";
import type { Hub } from "../../fixtures/hub-server/hub.js";
import { canary, connectToWrite, publishFolder, startWritableHub, treeOf } from "../../fixtures/publish-client.js";
import { startPublish } from "../../fixtures/publish-process.js";
import { randomIntegers } from "../../fixtures/random.js";
import { releaseFolder } from "../../fixtures/release-folder.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

/*
 * Publishing by LFS and by Xet with seeded mixes of faults, processes killed with SIGKILL at any request, and concurrent publishers.
 * `npm run test:publish-faults -- --mixes 200` runs more mixes than `npm test`.
 */
const base = temporaryFolder();
const mixes = Number(process.env.QUANTSMITH_FAULT_MIXES ?? 12);
const totals = { mixes: 0, xet: 0, kills: 0, failed: 0, faults: 0, requests: 0, duplicates: 0, half: 0, leaks: 0 };
afterAll(() => console.log(`publish faults: ${JSON.stringify(totals)}`));

/** Short timeouts, so that silent responses cost little time; a slow machine only retries more often. */
const hasty = { stallMs: 500, commitStallMs: 500, maxDelayMs: 5 };
/** For the last attempt, without faults. */
const calm = { stallMs: 30_000, commitStallMs: 30_000 };
const mostAttempts = 6;

test.each(Array.from({ length: mixes }, (_, index) => index + 1))(
  "mix %i: correct final tree, no duplicate commit, main always complete, no leaked token",
  async (seed) => {
    const random = randomIntegers(seed * 7919);
    const home = mkdtempSync(join(base, "mix-"));
    const hub = await startWritableHub();
    hub.offersXet = seed % 2 === 0;
    const folder = join(home, "release");
    const options: HubPublishOptions = {
      ...{ repo: "me/model", via: (["branch", "branch", "direct", "pr"] as const)[random(4)] ?? "branch" },
      ...{ private: random(2) === 0, gated: "auto" },
      ...(random(2) === 0 ? { removeOld: true } : {}),
    };
    const former = random(3) > 0 ? await publishFormer(hub, home, options) : undefined;
    releaseFolder(folder, { variants: { Q4_K_M: seed * 3, Q8_0: seed * 3 + 1 }, card: `# ${seed}\n` });
    const wanted = await rehearse(home, folder, options, former !== undefined);
    const watch = watchMain(hub, [former?.tree, wanted]);
    const faults = watch.wrap(counted(randomUploadFaults(seed, [5, 15, 30, 45][random(4)] ?? 15)));
    hub.faults = faults;
    const told: string[] = [];

    for (let kills = random(3); kills > 0; kills--) told.push(await killed(hub, faults, folder, options, random(40)));
    for (let attempt = 1; attempt <= mostAttempts; attempt++) {
      const last = attempt === mostAttempts;
      if (last) hub.faults = watch.wrap(() => undefined);
      const connection = connectToWrite(hub, home, last ? calm : hasty);
      // The Hub does not prevent two simultaneous publishers from opening a pull request each.
      const publishers = random(4) === 0 && options.via !== "pr" ? 2 : 1;
      const all = await Promise.allSettled(
        Array.from({ length: publishers }, () => publishFolder(connection, folder, options)),
      );
      for (const outcome of all) if (outcome.status === "rejected") told.push(expectCoded(outcome.reason));
      if (all.some(({ status }) => status === "fulfilled")) break;
      totals.failed += 1;
      expect(last).toBe(false);
    }
    // An interrupted publisher may leave its staging branch, which the next one deletes.
    hub.faults = () => undefined;
    await publishFolder(connectToWrite(hub, home, calm), folder, options);

    const repo = hub.repo("me/model");
    const where = options.via === "pr" ? "refs/pr/1" : "main";
    expect(treeOf(hub, where)).toEqual(wanted);
    if (options.via === "pr") expect(treeOf(hub)).toEqual(former?.tree ?? {});
    expect(repo?.pullRequests.length).toBe(options.via === "pr" ? 1 : 0);
    expect(repo?.branches).toEqual(["main"]);
    expect(repo).toMatchObject({ access: options.private ? "private" : "public", gated: "auto" });
    const commits = repo?.history(where).filter(({ title }) => title.startsWith("Release ")) ?? [];
    totals.duplicates += commits.length - 1 - (former?.commits ?? 0);
    expect(commits.length).toBe(1 + (former?.commits ?? 0));
    totals.half += watch.half.length;
    expect(watch.half).toEqual([]);
    const leaks = [
      ...told,
      ...hub.requests.map(({ path, query, body }) => `${path}?${query} ${body.toString("latin1")}`),
    ];
    const leaked = leaks.filter((text) => [canary, ...hub.xet.issued].some((token) => text.includes(token)));
    totals.leaks += leaked.length;
    expect(leaked).toEqual([]);
    expect(hub.violations).toEqual([]);
    totals.mixes += 1;
    if (hub.requests.some(({ path }) => path === "/v1/shards")) totals.xet += 1;
    totals.requests += hub.requests.length;
    await hub.close();
    rmSync(home, { recursive: true });
  },
  600_000,
);

/** Returns the tree after the same publications without faults: its history has the same commits and dates. */
async function rehearse(home: string, folder: string, options: HubPublishOptions, hasFormer: boolean) {
  const hub = await startWritableHub();
  if (hasFormer) await publishFormer(hub, home, options);
  await publishFolder(connectToWrite(hub, home, calm), folder, { ...options, via: "direct" });
  const tree = treeOf(hub);
  await hub.close();
  return tree;
}

/** Publishes a previous release to main, without faults. */
async function publishFormer(hub: Hub, home: string, options: HubPublishOptions) {
  const folder = join(home, "former");
  releaseFolder(folder, { variants: { Q4_K_M: 101, Q2_K: 102 }, extra: { "old.json": "{}" } });
  await publishFolder(connectToWrite(hub, home, calm), folder, { ...options, via: "direct" });
  return { tree: treeOf(hub), commits: 1 };
}

/** Records the states of main that are not a complete release. */
function watchMain(hub: Hub, whole: (Record<string, string> | undefined)[]) {
  const text = (tree = {}) => JSON.stringify(Object.entries(tree).sort());
  const allowed = new Set([...whole, {}].map((tree) => text(tree)));
  const half: string[] = [];
  const look = () => {
    const tree = text(treeOf(hub));
    if (!allowed.has(tree)) half.push(tree);
  };
  const wrap =
    (plan: FaultPlan): FaultPlan =>
    (request) => {
      const repo = hub.repo("me/model");
      if (repo !== undefined) repo.onMove = (ref) => (ref === "main" ? look() : undefined);
      return plan(request);
    };
  return { half, wrap };
}

function counted(plan: FaultPlan): FaultPlan {
  return (request) => {
    const fault = plan(request);
    if (fault !== undefined) totals.faults += 1;
    return fault;
  };
}

/** Publishes in a child process that is killed at one of its requests. Returns its output. */
async function killed(hub: Hub, faults: FaultPlan, folder: string, options: HubPublishOptions, at: number) {
  const { child, ended } = startPublish(hub, folder, options, hasty);
  let left = at;
  hub.faults = (request) => {
    if (left-- === 0) {
      child.kill("SIGKILL");
      totals.kills += 1;
    }
    return faults(request);
  };
  const text = await ended;
  hub.faults = faults;
  return text;
}

function expectCoded(error: unknown): string {
  expect(error).toBeInstanceOf(QuantsmithError);
  const { code, message, remedy, stack } = error as QuantsmithError;
  expect(code, message).toMatch(/^QS-(HUB-(FAILED|NETWORK|RATE-LIMIT|ANSWER|REVISION)|PUBLISH-CONFLICT|FETCH-HASH)$/);
  return [message, remedy, stack].join("\n");
}
