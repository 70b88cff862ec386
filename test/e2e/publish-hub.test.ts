import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";
import { listFiles } from "../../src/util/files.js";
import { briefRecipe, cliFile, demoCopy, demoFolder, quantsmith } from "../fixtures/cli.js";
import { folderDigests } from "../fixtures/folder-digests.js";
import type { Hub } from "../fixtures/hub-server/hub.js";
import { canary, startWritableHub, treeOf } from "../fixtures/publish-client.js";
import { writeRelease } from "../fixtures/small-release.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

/* The program against the loopback Hub: its output, its exit codes, and no token in either. */
const base = temporaryFolder();
let hub: Hub;
let home: string;
let env: Record<string, string>;

beforeEach(async () => {
  hub = await startWritableHub();
  home = mkdtempSync(join(base, "home-"));
  env = { HF_ENDPOINT: hub.url, HF_HOME: join(home, "hf"), HF_HUB_CACHE: join(home, "hub"), HF_TOKEN: canary };
});
afterEach(async () => {
  expect(hub.violations).toEqual([]);
  await hub.close();
});

async function cli(...args: string[]) {
  const result = await quantsmith(args, { env });
  expect(`${result.stdout}${result.stderr}`).not.toContain(canary);
  return result;
}

test("dry run, publish, publish again, verify", async () => {
  const release = await writeRelease(join(home, "release"));
  const dry = await cli("publish", release, "--to", "hf:me/model", "--private", "--dry-run");
  expect([dry.exitCode, hub.repo("me/model")]).toEqual([0, undefined]);
  expect(dry.stdout).toMatch(
    /^create the repository, private\ncreate the branch quantsmith-staging-.*\nadd README.md \(/,
  );
  const done = await cli("publish", release, "--to", "hf:me/model", "--private", "--json");
  const { published, verified, hub: result, variants } = JSON.parse(done.stdout);
  expect([done.exitCode, published, verified.ok, variants.length]).toEqual([0, true, true, 2]);
  expect(result).toMatchObject({ repo: "me/model", via: "branch", commit: hub.repo("me/model")?.resolve("main") });
  expect(treeOf(hub)).toEqual(folderDigests(release));
  const again = await cli("publish", release, "--to", "hf:me/model", "--private");
  expect(again.stdout).toContain("already contains this release");
  const verify = await cli("verify", "hf:me/model", "--json");
  expect([verify.exitCode, JSON.parse(verify.stdout).ok]).toEqual([0, true]);
});

test("a release that was built for another repository is refused, also in a dry run", async () => {
  const release = await writeRelease(join(home, "release"), ["Q8_0"], "me/Private-Staging");
  const to = ["publish", release, "--to"];
  for (const more of [[], ["--dry-run"]]) {
    const refused = await cli(...to, "hf:me/model", "--json", ...more);
    expect([refused.exitCode, JSON.parse(refused.stdout).error]).toMatchObject([
      2,
      { code: "QS-PUBLISH-REPO", message: expect.stringContaining("built for me/Private-Staging") },
    ]);
  }
  expect(hub.repo("me/model")).toBeUndefined();
  expect((await cli(...to, "hf:me/private-staging")).exitCode).toBe(0);
  expect((await cli(...to, `dir:${join(home, "copy")}`)).exitCode).toBe(0);
});

test("a release that replaces another one, and the rollback to that", async () => {
  const to = ["--to", "hf:me/model"];
  await cli("publish", await writeRelease(join(home, "old")), ...to);
  const [commit = "", tree] = [hub.repo("me/model")?.resolve("main"), treeOf(hub)];
  const next = await writeRelease(join(home, "next"), ["Q8_0", "Q3_K_M"]);
  const replaced = await cli("publish", next, ...to, "--remove-old");
  expect([replaced.exitCode, replaced.stdout]).toEqual([0, expect.stringContaining("\nadd history.json (")]);
  const dry = await cli("publish", "--rollback", commit, ...to, "--dry-run");
  expect([dry.exitCode, dry.stdout]).toEqual([0, expect.stringContaining("\ndelete tiny-Q3_K_M.gguf\n")]);
  const back = await cli("publish", "--rollback", commit, ...to, "--json");
  expect([back.exitCode, JSON.parse(back.stdout)]).toMatchObject([0, { rollback: commit, verified: { ok: true } }]);
  expect(treeOf(hub)).toEqual(tree);
});

test.each([
  [["--rollback", "0123456", "--to", "hf:me/model"], 2, "QS-USAGE"],
  [["--to", "hf:model"], 2, "QS-PUBLISH-TARGET"],
  [["--to", "hf:me/model@v1"], 2, "QS-PUBLISH-TARGET"],
  [["--to", "hf:me/model", "--via", "mail"], 2, "QS-USAGE"],
  [["--to", "dir:/nowhere", "--via", "pr"], 2, "QS-USAGE"],
  [["--to", "hf:other/model"], 5, "QS-HUB-FORBIDDEN"],
])("%j: %i %s", async (args, exitCode, code) => {
  const release = await writeRelease(join(home, "release"));
  const result = await cli("publish", release, ...args, "--json");
  expect([result.exitCode, JSON.parse(result.stdout).error.code]).toEqual([exitCode, code]);
});

test("without a token", async () => {
  env.HF_TOKEN = "";
  const result = await cli("publish", await writeRelease(join(home, "release")), "--to", "hf:me/model", "--json");
  expect([result.exitCode, JSON.parse(result.stdout).error.code]).toEqual([5, "QS-PUBLISH-TOKEN"]);
});

test("Ctrl-C during an upload; the next run continues", async () => {
  const release = await writeRelease(join(home, "release"));
  const child = execa(process.execPath, [cliFile, "publish", release, "--to", "hf:me/model"], { env, reject: false });
  let uploads = 0;
  hub.faults = ({ server }) => {
    // The first model arrives; the second one hangs until the interrupt.
    if (server !== "storage" || ++uploads === 1) return undefined;
    child.kill("SIGINT");
    return { kind: "silence" };
  };
  expect((await child).exitCode).toBe(130);
  hub.faults = () => undefined;
  const before = hub.requests.filter(({ server, method }) => server === "storage" && method === "PUT").length;
  expect((await cli("publish", release, "--to", "hf:me/model")).exitCode).toBe(0);
  const sent = hub.requests.filter(({ server, method }) => server === "storage" && method === "PUT").length - before;
  expect(sent).toBe((await listFiles(release)).filter((path) => path.endsWith(".gguf")).length - 1);
  expect(treeOf(hub)).toEqual(folderDigests(release));
});

test("run --publish uploads the release to the recipe's repository", async () => {
  const recipe = demoCopy(
    join(home, "demo"),
    () => `${briefRecipe}publish: { repo: me/tiny, private: true, gated: auto }\n`,
  );
  const out = join(home, "out");
  const result = await cli("run", recipe, "--out", out, "--publish");
  expect(result.stderr).toContain(`Published to ${hub.url}/me/tiny`);
  expect(result.exitCode).toBe(0);
  expect(treeOf(hub, "main", "me/tiny")).toEqual(folderDigests(join(out, "releases", "demo")));
  expect(hub.repo("me/tiny")).toMatchObject({ access: "private", gated: "auto" });
  const again = await cli("run", recipe, "--out", out, "--publish");
  expect(again.stderr).toContain("already contains this release");

  // Without the recipe, too.
  const publish = (...options: string[]) =>
    cli("publish", join(out, "releases", "demo"), "--to", "hf:me/tiny", ...options);
  expect((await publish()).exitCode).toBe(0);
  Object.assign(hub.repo("me/tiny") ?? {}, { access: "public" });
  const refused = await publish();
  expect([refused.exitCode, refused.stderr]).toEqual([2, expect.stringContaining("QS-PUBLISH-PUBLIC")]);
  expect((await publish("--no-private")).exitCode).toBe(0);
});

test("a private or gated source is not published to a public or open repository unless the recipe says so", async () => {
  const checkpoint = join(demoFolder, "tiny-llama");
  const read = (name: string) => [name, readFileSync(join(checkpoint, name))] as const;
  const source = hub.create("org/tiny");
  source.commit(Object.fromEntries(readdirSync(checkpoint).map(read)));
  const texts = hub.create("datasets/org/texts");
  const text = readFileSync(join(demoFolder, "text", "calibration.txt"));
  texts.commit({ "calibration.txt": text });
  const recipe = demoCopy(join(home, "demo"));
  const out = join(home, "out");
  const write = (publish: string) => {
    const base = briefRecipe.replace("./tiny-llama", "hf:org/tiny");
    const corpus = base.replace("./text/calibration.txt", "hf:org/texts@main/calibration.txt");
    expect(corpus).not.toBe(base);
    writeFileSync(recipe, `${corpus}publish: { repo: me/tiny${publish} }\n`);
  };
  const run = () => cli("run", recipe, "--out", out, "--publish");

  source.access = "private";
  texts.access = "private";
  write("");
  const planned = await cli("plan", recipe, "--out", out);
  expect([planned.exitCode, planned.stdout]).toEqual([0, expect.stringContaining("will fail (QS-PUBLISH-PUBLIC)")]);
  expect(planned.stderr).toContain(
    'QW-TEXT-PRIVATE: the release for me/tiny has texts of a private data set: "org/texts"',
  );
  const refused = await run();
  expect([refused.exitCode, refused.stderr]).toEqual([2, expect.stringContaining("QS-PUBLISH-PUBLIC")]);
  expect([existsSync(join(out, "store")), hub.repo("me/tiny")]).toEqual([false, undefined]);

  source.access = "gated";
  const gated = await run();
  expect([gated.exitCode, gated.stderr]).toEqual([2, expect.stringContaining("QS-PUBLISH-OPEN")]);

  source.access = "private";
  write(", private: false");
  const done = await run();
  expect([done.exitCode, done.stderr]).toEqual([0, expect.not.stringContaining("QW-TEXT-PRIVATE")]);
  const release = join(out, "releases", "demo");
  const lock = readFileSync(join(release, "recipe.lock.yaml"), "utf8");
  expect(lock).toMatch(/^ {2}private: true$/m);
  expect(lock).toMatch(/^privateDatasets:\n {2}- org\/texts$/m);
  source.access = "public";
  expect((await cli("plan", recipe, "--out", out, "--locked")).exitCode).toBe(0);

  const publish = (...options: string[]) => cli("publish", release, "--to", "hf:me/tiny", ...options);
  for (const dryRun of [["--dry-run"], []]) {
    const other = await publish(...dryRun);
    expect([other.exitCode, other.stderr]).toEqual([2, expect.stringContaining("QS-PUBLISH-PUBLIC")]);
  }
  expect((await publish("--no-private")).exitCode).toBe(0);
  Object.assign(hub.repo("me/tiny") ?? {}, { access: "private" });
  const again = await publish("--private", "--gated", "manual");
  expect([again.exitCode, hub.repo("me/tiny")]).toMatchObject([0, { access: "private", gated: "manual" }]);
});
