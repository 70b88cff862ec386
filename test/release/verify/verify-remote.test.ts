import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { folderSource } from "../../../src/release/verify/folder-source.js";
import { hubSource } from "../../../src/release/verify/hub-source.js";
import { verifyRemote } from "../../../src/release/verify/verify-remote.js";
import type { VerifyReport } from "../../../src/release/verify/verify-report.js";
import { listFiles } from "../../../src/util/files.js";
import { sha256 } from "../../../src/util/sha256.js";
import { put } from "../../fixtures/cli.js";
import { failureOf } from "../../fixtures/failure.js";
import { architecture, arrayPair, buildGguf, text, valueType } from "../../fixtures/gguf-builder.js";
import { connect } from "../../fixtures/hub-client.js";
import { Hub } from "../../fixtures/hub-server/hub.js";
import type { LoggedRequest } from "../../fixtures/hub-server/request-log.js";
import { smallModel, writeRelease } from "../../fixtures/small-release.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

const home = temporaryFolder();
const folder = join(home, "release");
const never = new AbortController().signal;
/** Threshold for large-file storage: models are above it, all other files below. */
const lfsBytes = 2500;
let hub: Hub;
let files: Record<string, Buffer>;
let repositories = 0;
let repo = "";

beforeAll(async () => {
  hub = await Hub.start();
  await writeRelease(folder);
  const paths = await listFiles(folder);
  files = Object.fromEntries(paths.map((path) => [path, readFileSync(join(folder, path))]));
});
afterAll(() => hub.close());
beforeEach(() => {
  hub.faults = () => undefined;
  repo = `org/release-${++repositories}`;
});

const errors = ({ problems }: VerifyReport) => problems.filter(({ severity }) => severity === "error");
const named = (report: VerifyReport) => [...new Set(errors(report).map(({ file }) => file))].toSorted();

/** Publishes these files and verifies the release on the Hub. */
function verify(content: Record<string, Buffer | string>, revision = "main", expected?: ReadonlyMap<string, string>) {
  hub.create(repo).commit(content, "main", lfsBytes);
  const connection = connect(hub, join(home, "cache"));
  return verifyRemote(connection, { repo, revision, ...(expected === undefined ? {} : { expected }) }, never);
}

const flipped = (content: Buffer) => {
  const copy = Buffer.from(content);
  copy[copy.length >> 1] = (copy[copy.length >> 1] ?? 0) ^ 1;
  return copy;
};

const bytesSent = ({ sent }: LoggedRequest) => (sent === undefined ? 0 : sent.end - sent.start);

test("a valid release has no problems; of large files only headers are downloaded", async () => {
  const report = await verify({ ".gitattributes": "*.gguf filter=lfs\n", ...files });
  expect(report.problems).toEqual([]);
  expect(report.release).toBe(`hf:${repo}@${hub.repo(repo)?.resolve("main")}`);
  expect(report.files.map(({ path, ok }) => [path, ok])).toEqual(
    [".gitattributes", ...Object.keys(files)].toSorted().map((path) => [path, true]),
  );
  expect(report.files.find(({ path }) => path === "tiny-Q4_K_M.gguf")).toMatchObject({
    sha256: sha256(files["tiny-Q4_K_M.gguf"] ?? ""),
    label: "Q4_K_M",
    types: { Q4_K: 2, F32: 1 },
  });
  expect(report.resolutions).toContainEqual(
    expect.objectContaining({ reference: `-hf ${repo}`, file: "tiny-Q4_K_M.gguf" }),
  );
  const models = ["tiny-Q8_0.gguf", "tiny-Q4_K_M.gguf"].map((path) => sha256(files[path] ?? ""));
  const large = hub.requests.filter(({ path }) => models.some((digest) => path.includes(digest)));
  expect(large.map(({ headers }) => headers.range?.slice(0, 8))).toEqual(["bytes=0-", "bytes=0-"]);
  expect(hub.violations).toEqual([]);
});

describe("on the Hub, each file of the release", () => {
  test("with other content is reported", async () => {
    for (const path of Object.keys(files).filter((file) => file !== "release.json" && file !== "SHA256SUMS")) {
      const report = await verify({ ...files, [path]: flipped(files[path] ?? Buffer.alloc(0)) });
      expect(named(report), path).toContain(path);
    }
  });

  test("that is missing is reported", async () => {
    for (const path of Object.keys(files)) {
      const { [path]: _gone, ...others } = files;
      expect(named(await verify(others)), path).toContain(path);
    }
  });
});

test("the card of a release that was built for another repository is a warning", async () => {
  const staging = await writeRelease(join(home, "staging"), ["Q8_0"], "me/staging");
  const paths = await listFiles(staging);
  const content = Object.fromEntries(paths.map((path) => [path, readFileSync(join(staging, path))]));
  const { ok, problems } = await verify(content);
  expect([ok, problems]).toMatchObject([true, [{ code: "QS-VERIFY-REPO", severity: "warning", file: "README.md" }]]);
  expect(problems[0]?.message).toContain('"me/staging"');
  repo = "Me/Staging";
  expect((await verify(content)).problems).toEqual([]);
});

test("foreign files are warnings, unless a runtime resolves them", async () => {
  const foreign = await verify({ ...files, "notes.md": "mine", "docs/more.txt": "mine" });
  expect(foreign.ok).toBe(true);
  expect(foreign.problems.map(({ code, file }) => [code, file])).toEqual([
    ["QS-VERIFY-EXTRA", "docs/more.txt"],
    ["QS-VERIFY-EXTRA", "notes.md"],
  ]);
  const preset = await verify({ ...files, "preset.ini": "[x]\n" });
  expect(errors(preset).map(({ code }) => code)).toEqual(["QS-RESOLVE-PRESET"]);
  for (const path of ["mmproj-x.gguf", "tiny-mmproj-F16.gguf", "system"]) {
    const beside = await verify({ ...files, [path]: "x" });
    expect(errors(beside).map(({ code, file }) => [code, file])).toEqual([["QS-RESOLVE-FOREIGN", path]]);
  }
  const apart = await verify({ ...files, "sub/system": "x" });
  expect(errors(apart)).toEqual([]);
  const model = await verify({ ...files, "tiny-Q6_K.gguf": "not even a model" });
  expect([model.ok, model.problems.map(({ code }) => code)]).toEqual([true, ["QS-VERIFY-EXTRA"]]);
  const shadow = await verify({ ...files, "older-Q8_0.gguf": smallModel("Q8_0", 77) });
  expect(errors(shadow).map(({ code }) => code)).toContain("QS-RESOLVE-TAG");
});

test.each(["install.sh", "index.html", "config.json", "system"])("%s with a line in SHA256SUMS", async (path) => {
  const sums = `${files.SHA256SUMS}${sha256("added")}  ${path}\n`;
  const report = await verify({ ...files, SHA256SUMS: sums, [path]: "added" });
  expect(errors(report).map(({ code, file }) => [code, file])).toEqual([["QS-VERIFY-PROVENANCE", path]]);
});

test("an edited release.json is reported", async () => {
  const edited = String(files["release.json"]).replace('"kldMean": 0.01', '"kldMean": 0.001');
  const report = await verify({ ...files, "release.json": edited });
  expect(errors(report).map(({ code }) => code)).toEqual(["QS-VERIFY-EDITED"]);
});

test("published files that are missing or differ on the Hub are reported", async () => {
  const digests = new Map(Object.entries(files).map(([path, content]) => [path, sha256(content)]));
  expect((await verify(files, "main", digests)).ok).toBe(true);
  digests.set("README.md", "0".repeat(64)).set("report.html", "1".repeat(64));
  const report = await verify(files, "main", digests);
  expect(errors(report).map(({ code, message }) => [code, message])).toEqual([
    ["QS-VERIFY-DIFFERS", "README.md differs on the Hub"],
    ["QS-VERIFY-DIFFERS", "report.html is missing on the Hub"],
  ]);
});

test("a header of several megabytes is read in parts, without tensor data", async () => {
  const tokens = Array.from({ length: 200_000 }, (_, index) => text(`token-${index}-${"x".repeat(10)}`));
  const metadata = [architecture, arrayPair("tokenizer.ggml.tokens", valueType.string, tokens)];
  const shape = [256, 20_000];
  const content = buildGguf({
    metadata,
    tensors: [{ name: "token_embd.weight", shape, type: 8, bytes: 20_000 * 272 }],
  });
  const path = put(join(home, "large", "large-Q8_0.gguf"), content);
  hub.create(repo).commit({ "large-Q8_0.gguf": content }, "main", lfsBytes);
  const before = hub.requests.length;
  const remote = await hubSource(connect(hub, join(home, "cache")), { repo, revision: "main" }, never);
  const local = await folderSource(dirname(path), never);
  expect(await remote.header("large-Q8_0.gguf")).toEqual(await local.header("large-Q8_0.gguf"));
  const sent = hub.requests.slice(before).reduce((sum, request) => sum + bytesSent(request), 0);
  expect(sent).toBeGreaterThan(4_000_000);
  expect(sent).toBeLessThan(content.length - 1_000_000);
  expect(hub.violations).toEqual([]);
});

test("a header that @huggingface/gguf cannot read is reported", async () => {
  const model = Buffer.from(files["tiny-Q8_0.gguf"] ?? "");
  model.write("GGML", 0, "latin1");
  // SHA256SUMS lists this content, so that only the header is wrong.
  const sums = String(files.SHA256SUMS).replace(sha256(files["tiny-Q8_0.gguf"] ?? ""), sha256(model));
  const report = await verify({ ...files, SHA256SUMS: sums, "tiny-Q8_0.gguf": model });
  expect(errors(report).find(({ code }) => code === "QS-VERIFY-HEADER")?.message).toContain("magic");
});

describe("an error of the Hub is not a problem of the release", () => {
  test("it is retried and passes", async () => {
    const asked = new Set<string>();
    hub.faults = ({ server, path }) => {
      if (asked.has(`${server}${path}`)) return undefined;
      asked.add(`${server}${path}`);
      return server === "hub" ? { kind: "status", status: 503 } : { kind: "reset", after: 100 };
    };
    expect((await verify(files)).ok).toBe(true);
  });

  test("it is thrown with the exit code of Hub errors", async () => {
    hub.faults = ({ server }) => (server === "storage" ? { kind: "status", status: 500 } : undefined);
    const error = await failureOf(verify(files));
    expect([error.code, error.exitCode]).toEqual(["QS-HUB-FAILED", 5]);
    hub.faults = () => undefined;
    const missing = await failureOf(verify(files, "no-such-branch"));
    expect([missing.code, missing.exitCode]).toEqual(["QS-HUB-REVISION", 5]);
  });
});
