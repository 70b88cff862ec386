import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { describeReason } from "../../src/cli/views/describe-reason.js";
import { hubConnection } from "../../src/hub/connection.js";
import { readRecorded } from "../../src/watch/recorded-source.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const { signal } = new AbortController();
const commit = "a".repeat(40);
const file = (more: object) => ({ path: "README.md", bytes: 1, digest: `git-sha1:${commit}`, ...more });
const lock = (more: object) => JSON.stringify({ model: { source: "hf:org/name", commit, files: [], ...more } });

async function recorded(text: string) {
  const path = temporaryFolder();
  writeFileSync(join(path, "SHA256SUMS"), `${"0".repeat(64)}  recipe.lock.yaml\n`);
  writeFileSync(join(path, "recipe.lock.yaml"), text);
  return readFrom(path);
}

function readFrom(path: string) {
  const settings = { name: "name", publish: { repo: "", target: { kind: "dir", path } as const, stream: false } };
  return readRecorded(hubConnection({}), settings, path, signal);
}

test("the record of a release is read", async () => {
  expect(await recorded(lock({ files: [file({})] }))).toMatchObject({ source: "hf:org/name", commit });
});

test.each([
  ["an alias without an anchor", "x: *nope"],
  ["many aliases", `a: &a [x]\nb: &b [${"*a,".repeat(200)}]\nc: [${"*b,".repeat(200)}]`],
  ["a merge of a number", "%YAML 1.1\n---\n<<: 5"],
  ["a digest of nothing", lock({ files: [file({ digest: "x" })] })],
  ["a commit that is an address", lock({ commit: "../../../../api/whoami-v2?x=" })],
  ["a path outside", lock({ files: [file({ path: "../x" })] })],
])("%s is no record", async (_, text) => {
  await expect(recorded(text)).rejects.toMatchObject({ code: "QS-WATCH-RECORD" });
});

test.each(["release.json", "SHA256SUMS"])("a folder with %s only is a release that cannot be read", async (name) => {
  const path = temporaryFolder();
  writeFileSync(join(path, name), "{}");
  await expect(readFrom(path)).rejects.toMatchObject({ code: "QS-WATCH-RECORD" });
});

test("a missing folder, and one without files of a release, are no release", async () => {
  const path = temporaryFolder();
  writeFileSync(join(path, "README.md"), "");
  expect([await readFrom(path), await readFrom(join(path, "missing"))]).toEqual([undefined, undefined]);
});

test("texts of a model card are escaped in the description of a pull request", () => {
  const message = "license_name is now ![x](http://evil.example/p.png) <img src=x> @team";
  const changes = [{ aspect: "license" as const, message }];
  const model = { name: "name", source: "hf:org/name@main", released: commit, commit, changes };
  const text = describeReason({ ...model, rebuild: "header", state: "outdated" });
  expect(text).toContain(`- license: \`${message}\``);
});
