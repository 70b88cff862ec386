import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { RunEvent } from "../../src/engine/events.js";
import { listFiles } from "../../src/util/files.js";
import { sha256 } from "../../src/util/sha256.js";
import { briefRecipe, cliFile, demoCopy, quantsmith } from "../fixtures/cli.js";
import type { Hub } from "../fixtures/hub-server/hub.js";
import { canary, startWritableHub, treeOf } from "../fixtures/publish-client.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

/* `publish.stream` with the real model: the first run builds the variants, the others use the store. */
const home = temporaryFolder();
const out = join(home, "out");
const release = join(out, "releases", "demo");
let hub: Hub;
let env: Record<string, string>;

beforeEach(async () => {
  hub = await startWritableHub();
  hub.partBytes = 2 ** 30;
  env = { HF_ENDPOINT: hub.url, HF_HOME: join(home, "hf"), HF_HUB_CACHE: join(home, "hub"), HF_TOKEN: canary };
});
afterEach(async () => {
  expect(hub.violations).toEqual([]);
  await hub.close();
});

const gate = "gates: { kldMean: { max: 0.1 } }\n";

function recipe(variants: string, publish = "repo: me/tiny"): string {
  return demoCopy(
    join(home, "demo"),
    () => `${briefRecipe.replace("[Q8_0]", variants)}${gate}publish: { ${publish}, stream: true }\n`,
  );
}

async function run(file: string, ...more: string[]) {
  const result = await quantsmith(["run", file, "--out", out, "--publish", ...more], { env });
  expect(`${result.stdout}${result.stderr}${lastLog()}`).not.toContain(canary);
  return result;
}

const lastLog = () =>
  readFileSync(join(out, "runs", readdirSync(join(out, "runs")).sort().at(-1) ?? "", "events.ndjson"), "utf8");
const events = () =>
  lastLog()
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as RunEvent);
/** Uploads to the storage, by sha256. */
const sent = () =>
  hub.requests
    .filter(({ server, method, status }) => server === "storage" && method === "PUT" && status === 200)
    .map(({ path }) => path.split("/").at(-2) ?? "");
const commits = () => hub.requests.filter(({ path }) => /\/commit\//.test(path));
const digestOf = (file: string) => sha256(readFileSync(join(release, file)));
const q8 = () => digestOf("tiny-llama-Q8_0.gguf");
const q4 = () => digestOf("tiny-llama-Q4_K_M.gguf");
const imatrix = () => digestOf("tiny-llama-imatrix.gguf");
async function releaseDigests(): Promise<Record<string, string>> {
  return Object.fromEntries((await listFiles(release)).map((path) => [path, digestOf(path)]));
}

test("uploads passed variants while others are built, never a failed one, and commits nothing", async () => {
  const early: string[] = [];
  hub.faults = ({ server, path }) => {
    const repo = hub.repo("me/tiny");
    if (server === "storage")
      early.push(`${existsSync(release)} ${repo?.access} ${repo?.gated} ${path.split("/").at(-2)}`);
    return undefined;
  };
  const result = await run(recipe("[Q8_0, Q4_K_M, Q2_K]", "repo: me/tiny, private: true, gated: auto"));
  expect(result.exitCode).toBe(3);
  expect(result.stdout).toMatch(/upload of Q8_0 took/);
  expect(early).toEqual([q8(), q4()].map((digest) => `false private auto ${digest}`));
  expect([...(hub.repo("me/tiny")?.objects.keys() ?? [])]).toEqual([q8(), q4()]);
  const lines = events();
  const at = (type: RunEvent["type"], what: string) =>
    lines.findIndex((event) => event.type === type && JSON.stringify(event).includes(`"${what}"`));
  expect(at("upload-started", "Q8_0")).toBeGreaterThan(at("step-finished", "smoke:Q8_0"));
  expect(at("upload-started", "Q8_0")).toBeLessThan(at("step-finished", "smoke:Q4_K_M"));
  expect(at("upload-finished", "Q4_K_M")).toBeLessThan(at("step-finished", "package"));
  expect([at("upload-started", "Q2_K"), commits()]).toEqual([-1, []]);
});

test("after a kill, the next run uploads only missing files, and commits", async () => {
  const file = recipe("[Q8_0, Q4_K_M]");
  const child = execa(process.execPath, [cliFile, "run", file, "--out", out, "--publish"], {
    env: { ...env, CI: "true" },
    reject: false,
  });
  let uploads = 0;
  hub.faults = ({ server }) => {
    if (server !== "storage" || ++uploads === 1) return undefined;
    child.kill("SIGKILL");
    return { kind: "silence" };
  };
  expect((await child).signal).toBe("SIGKILL");
  hub.faults = () => undefined;
  expect([sent().length, commits()]).toEqual([1, []]);
  const result = await run(file);
  expect([result.exitCode, result.stderr]).toEqual([0, expect.stringContaining("Published to")]);
  expect(sent().sort()).toEqual([q8(), q4(), imatrix()].sort());
  expect(treeOf(hub, "main", "me/tiny")).toEqual(await releaseDigests());
  const again = await run(file, "--json");
  expect([again.exitCode, sent().length]).toEqual([0, 3]);
  expect(JSON.parse(again.stdout).variants).toHaveLength(2);
});

test("the Hub fails during the run: the run succeeds, and publishing uploads everything", async () => {
  let refused = 0;
  hub.faults = ({ path }) =>
    path.endsWith("/objects/batch") && refused++ < 2 ? { kind: "status", status: 403 } : undefined;
  const result = await run(recipe("[Q8_0, Q4_K_M]"));
  expect(result.stdout.match(/upload of \w+ failed: QS-HUB-FORBIDDEN/g)).toHaveLength(2);
  expect([result.exitCode, result.stderr]).toEqual([0, expect.stringContaining("Published to")]);
  expect(sent().sort()).toEqual([q8(), q4(), imatrix()].sort());
  expect(treeOf(hub, "main", "me/tiny")).toEqual(await releaseDigests());
});

test("a repository without write access is reported before any work", async () => {
  const result = await run(recipe("[Q8_0]", "repo: other/tiny"), "--json");
  expect([result.exitCode, JSON.parse(result.stdout).error.code]).toEqual([5, "QS-HUB-FORBIDDEN"]);
  expect(lastLog()).toBe("");
});

test("without --publish, or for a subset, there is no Hub request", async () => {
  const file = recipe("[Q8_0, Q4_K_M]");
  expect((await quantsmith(["run", file, "--out", out], { env })).exitCode).toBe(0);
  await run(file, "--until", "smoke");
  expect(hub.requests).toEqual([]);
});
