import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { briefRecipe, demoCopy, demoFolder, put, quantsmith } from "../fixtures/cli.js";
import type { Hub } from "../fixtures/hub-server/hub.js";
import { canary, startWritableHub } from "../fixtures/publish-client.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

/* A release of the demo model on the Hub, whose source changes step by step. */
const home = temporaryFolder();
const out = join(home, "out");
const checkpoint = join(demoFolder, "tiny-llama");
const files: Record<string, Buffer> = Object.fromEntries(
  readdirSync(checkpoint).map((name) => [name, readFileSync(join(checkpoint, name))]),
);
let hub: Hub;
let env: Record<string, string>;
let recipe: string;
/** The recipe without a target. */
let local: string;

beforeAll(async () => {
  hub = await startWritableHub();
  hub.largeBytes = 100_000;
  hub.partBytes = 2 ** 30;
  env = { HF_ENDPOINT: hub.url, HF_HOME: join(home, "hf"), HF_HUB_CACHE: join(home, "hub"), HF_TOKEN: canary };
  hub.create("org/tiny").commit(files);
  const text = briefRecipe.replace("./tiny-llama", "hf:org/tiny").replace("[Q8_0]", "[Q8_0, Q4_K_M]");
  recipe = demoCopy(join(home, "demo"), () => `${text}publish: { repo: me/tiny-GGUF }\n`);
  local = put(join(home, "demo", "local.yaml"), text);
});
afterAll(async () => {
  expect(hub.violations).toEqual([]);
  await hub.close();
});

/** Changes files of the source. */
function change(edits: Record<string, (content: string) => string>): void {
  for (const [name, edit] of Object.entries(edits)) {
    const old = files[name]?.toString("latin1") ?? "";
    files[name] = Buffer.from(edit(old), "latin1");
  }
  hub.repo("org/tiny")?.commit(files);
}

async function watch(...more: string[]) {
  return command("watch", recipe, "--out", out, ...more);
}

async function command(...args: string[]) {
  const { exitCode, stdout, stderr } = await quantsmith(args, { env });
  expect(stdout + stderr).not.toContain(canary);
  return { exitCode, stdout, stderr };
}

const target = () => hub.repo("me/tiny-GGUF");
type Variant = { file: string; sha256: string; quality: object };
const digests = ({ variants }: { variants: Variant[] }) => variants.map(({ file, sha256 }) => [file, sha256]);

/** The release.json of a revision of the target. */
function published(revision: string) {
  const files = target()?.files(target()?.resolve(revision) ?? "") ?? [];
  return JSON.parse(String(files.find(({ path }) => path === "release.json")?.content));
}

/** Runs `work` while a file at the target has other content than its release states. */
async function withDamage<T>(path: string, work: () => Promise<T>): Promise<T> {
  const repo = target();
  const commit = repo?.resolve("main") ?? "";
  const content = Buffer.from(`not ${path}`);
  repo?.change("main", { title: "Damage", set: [{ path, content, oid: "0".repeat(40) }], remove: [] });
  try {
    return await work();
  } finally {
    repo?.point("main", commit);
  }
}

function setGating(gated: "auto" | false): void {
  const source = hub.repo("org/tiny");
  if (source !== undefined) source.gated = gated;
}

const request = (number: number) => target()?.pullRequests.find(({ num }) => num === number);

function openedBy(number: number, name: string): void {
  const found = request(number);
  if (found !== undefined) found.author = name;
}

function merge(pullRequest: number): void {
  const repo = target();
  const found = request(pullRequest);
  if (found !== undefined) found.status = "merged";
  repo?.point("main", repo.resolve(`refs/pr/${pullRequest}`) ?? "");
}

async function watched() {
  const { exitCode, stdout } = await watch("--json");
  const [{ state, rebuild, changes }] = JSON.parse(stdout).models;
  return { exitCode, state, rebuild, aspects: changes.map(({ aspect }: { aspect: string }) => aspect) };
}

test("watch says what has changed and which rebuild is enough, and --apply proposes one", async () => {
  expect(await watched()).toMatchObject({ exitCode: 10, state: "unreleased" });
  expect(await watch("--apply")).toMatchObject({ exitCode: 0 });
  expect(await command("watch", local, "--out", out, "--apply")).toMatchObject({ exitCode: 0 });
  change({ "README.md": (text) => `${text}\nMore prose.\n` });
  expect(await watched()).toEqual({ exitCode: 0, state: "current", rebuild: "none", aspects: [] });

  change({
    "README.md": (text) => text.replace("apache-2.0", "mit"),
    "tokenizer_config.json": (text) => text.replace('"chat_template": "', '"chat_template": "{# new #}'),
  });
  const header = { exitCode: 10, state: "outdated", rebuild: "header", aspects: ["license", "chat template"] };
  expect(await watched()).toEqual(header);
  const { stdout } = await watch();
  expect(stdout).toContain('license: license: "apache-2.0" → "mit"');
  const before = published("main");
  const fresh = join(home, "fresh");
  const damaged = await withDamage("demo-Q8_0.gguf", () => watch("--apply", "--out", fresh));
  expect([damaged.exitCode, damaged.stderr]).toEqual([3, expect.stringContaining("QS-WATCH-RELEASE")]);
  const applied = await watch("--apply", "--out", fresh);
  expect([applied.exitCode, applied.stdout]).toEqual([0, expect.stringMatching(/^demo +published .*discussions\/1$/m)]);
  expect(readdirSync(join(fresh, "store")).filter((name) => /^(calibrate|validate)-/.test(name))).toEqual([]);
  expect(hub.repo("me/tiny-GGUF")?.pullRequests).toHaveLength(1);
  const opened = hub.requests.find(({ query }) => query.get("create_pr") === "1");
  const [{ value }] = String(opened?.body)
    .split("\n")
    .map((line) => JSON.parse(line || "{}"));
  expect(value.description).toContain('- license: license: "apache-2.0" → "mit"');
  expect(await watched()).toEqual({ ...header, state: "proposed" });

  const renewed = await command("watch", local, "--out", out, "--apply");
  expect([renewed.exitCode, renewed.stdout]).toEqual([0, expect.stringMatching(/^local +built/m)]);
  expect(await command("watch", local, "--out", out)).toMatchObject({ exitCode: 0 });
  expect(await command("verify", join(out, "releases", "local"))).toMatchObject({ exitCode: 0 });

  // Anybody can open a pull request, which is no reason not to make an own one.
  openedBy(1, "stranger");
  expect(await watched()).toEqual(header);
  expect((await watch()).stdout).toContain("Pull request 1 of stranger contains a release of this commit. It is not");
  openedBy(1, "me");

  // The same files as a run that builds everything again.
  const proposed = published("refs/pr/1");
  setGating("auto");
  expect(await command("run", recipe, "--out", out)).toMatchObject({ exitCode: 0 });
  setGating(false);
  expect(readFileSync(join(out, "releases", "demo", "recipe.lock.yaml"), "utf8")).toMatch(/^ {2}gated: auto$/m);
  const rebuilt = JSON.parse(readFileSync(join(out, "releases", "demo", "release.json"), "utf8"));
  expect(digests(proposed)).toEqual(digests(rebuilt));
  expect(digests(before)).not.toEqual(digests(rebuilt));
  expect(proposed.variants.map(({ quality }: Variant) => quality)).toEqual(
    before.variants.map(({ quality }: Variant) => quality),
  );
  expect(proposed.tensorsFrom.release).toBe(`hf:me/tiny-GGUF@${target()?.resolve("main")}`);
  expect(await command("verify", "hf:me/tiny-GGUF@refs/pr/1")).toMatchObject({ exitCode: 0 });
  merge(1);
  expect(await watched()).toMatchObject({ exitCode: 0, state: "current" });

  change({ "model.safetensors": (weights) => `${weights.slice(0, -2)}\u0001${weights.slice(-1)}` });
  expect(await watched()).toMatchObject({ exitCode: 10, state: "outdated", rebuild: "requantize" });
});

test("a gated source and an unreadable one are reported", async () => {
  const source = hub.repo("org/tiny");
  if (source !== undefined) source.access = "gated";
  const { stdout } = await watch();
  expect(stdout).toContain("gating: org/tiny is gated (manual), and me/tiny-GGUF is not gated");
  const other = put(join(home, "demo", "other.yaml"), readFileSync(recipe, "utf8").replace("org/tiny", "org/nothing"));
  const queue = put(join(home, "queue.yaml"), `version: 1\nrecipes: [./demo/demo.yaml, ${other}]\n`);
  const both = await command("watch", "--queue", queue, "--out", out);
  expect([both.exitCode, both.stderr]).toEqual([5, expect.stringContaining("QS-HUB-MISSING")]);
  expect(both.stdout).toContain("demo: out of date");
});
