import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { listFiles } from "../../src/util/files.js";
import { quantsmith } from "../fixtures/cli.js";
import { Hub } from "../fixtures/hub-server/hub.js";
import { writeRelease } from "../fixtures/small-release.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const home = temporaryFolder();
const repo = "org/release";
/** Models are stored in large-file storage, other files in git. */
const lfsBytes = 2500;
let hub: Hub;
beforeAll(async () => {
  hub = await Hub.start();
});
afterAll(() => hub.close());

test("verify reads a repository or a revision, and exits with 3 for an invalid release", async () => {
  const folder = join(home, "release");
  await writeRelease(folder);
  const paths = await listFiles(folder);
  const files = Object.fromEntries(paths.map((path) => [path, readFileSync(join(folder, path))]));
  const env = { HF_ENDPOINT: hub.url, HF_HOME: join(home, "hf"), HF_HUB_CACHE: join(home, "cache") };
  const good = hub.create(repo).commit(files, "main", lfsBytes);
  hub.create(repo).commit({ ...files, "README.md": "edited" }, "main", lfsBytes);
  const bad = await quantsmith(["verify", `hf:${repo}`, "--json"], { env });
  expect([bad.exitCode, JSON.parse(bad.stdout).problems[0].file]).toEqual([3, "README.md"]);
  const earlier = await quantsmith(["verify", `hf:${repo}@${good}`], { env });
  expect([earlier.exitCode, earlier.stdout.trim().split("\n").at(-1)]).toEqual([
    0,
    `hf:${repo}@${good} is valid (not signed).`,
  ]);
  const none = await quantsmith(["verify", "hf:org/none", "--json"], { env });
  expect([none.exitCode, JSON.parse(none.stdout).error.code]).toEqual([5, "QS-HUB-UNAUTHORIZED"]);
  const branch = await quantsmith(["verify", `hf:${repo}@nobranch`], { env });
  expect([branch.exitCode, branch.stderr]).toEqual([
    5,
    expect.stringContaining("Check the branches, tags and commits"),
  ]);
  hub.create(repo).point("refs/pr/3", good);
  hub.create(repo).point("feature/x", good);
  for (const revision of ["refs/pr/3", "feature/x", "feature%2Fx"]) {
    const found = await quantsmith(["verify", `hf:${repo}@${revision}`, "--json"], { env });
    expect([found.exitCode, JSON.parse(found.stdout).release]).toEqual([0, `hf:${repo}@${good}`]);
  }
  for (const wrong of ["hf:none", `hf:${repo}@`, `hf:${repo}@../x`, `hf:${repo}/README.md`]) {
    const usage = await quantsmith(["verify", wrong], { env });
    expect([usage.exitCode, usage.stderr], wrong).toEqual([2, expect.stringContaining("QS-VERIFY-TARGET")]);
    expect(usage.stderr).toContain("hf:org/name@revision");
  }
});
