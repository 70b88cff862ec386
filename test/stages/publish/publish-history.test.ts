import { cpSync, mkdtempSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { HubConnection } from "../../../src/hub/connection.js";
import { parseHistory } from "../../../src/release/history.js";
import { renderChecksums, reviseProvenance } from "../../../src/release/revise-lists.js";
import { verifyFolder } from "../../../src/release/verify/verify-folder.js";
import { verifyRemote } from "../../../src/release/verify/verify-remote.js";
import { publishToFolder } from "../../../src/stages/publish/publish-dir.js";
import { releaseFiles } from "../../../src/stages/publish/release-files.js";
import { sha256 } from "../../../src/util/sha256.js";
import { failureOf } from "../../fixtures/failure.js";
import { folderDigests } from "../../fixtures/folder-digests.js";
import type { Hub } from "../../fixtures/hub-server/hub.js";
import { smallFile } from "../../fixtures/hub-server/repo.js";
import { connectToWrite, publishFolder, treeOf } from "../../fixtures/publish-client.js";
import { type ReleaseParts, releaseFolder } from "../../fixtures/release-folder.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";
import { useWritableHub } from "../../fixtures/use-writable-hub.js";

const base = temporaryFolder();
const signal = new AbortController().signal;
let hub: Hub;
let folder: string;
let connection: HubConnection;

const first: ReleaseParts = { variants: { Q4_K_M: 1, Q2_K: 3 }, bytes: 60_000 };
const second: ReleaseParts = { variants: { Q4_K_M: 4, Q8_0: 5 }, bytes: 60_000 };
const third: ReleaseParts = { variants: { Q4_K_M: 6, Q8_0: 5 }, bytes: 60_000 };

useWritableHub(base, (started) => {
  ({ hub, folder, connection } = started);
});

const textOf = (path: string) => {
  const repo = hub.repo("me/model");
  return String(repo?.files(repo.resolve("main") ?? "").find((file) => file.path === path)?.content ?? "");
};
const releases = (text = textOf("history.json")) => {
  const history = parseHistory(text);
  if (typeof history === "string") throw new Error(history);
  return history;
};

test("the history and the card describe the replaced releases; the folder and the files of others stay", async () => {
  const commits: string[] = [];
  for (const parts of [first, second, third]) {
    const files = releaseFolder(folder, parts);
    const done = await publishFolder(connection, folder);
    expect(folderDigests(folder)).toEqual(files);
    expect((await publishFolder(connection, folder)).operations).toEqual([]);
    commits.push(done.commit ?? "");
    hub.repo("me/model")?.change("main", { title: "notes", set: [], remove: [] });
  }
  const dates = commits.map(
    (id) =>
      hub
        .repo("me/model")
        ?.history("main")
        .find((one) => one.id === id)?.date,
  );
  expect(releases().map(({ date, commit, variants }) => [date, commit, variants.map(({ name }) => name)])).toEqual([
    [dates[0], commits[0], ["Q4_K_M", "Q2_K"]],
    [dates[1], commits[1], ["Q4_K_M", "Q8_0"]],
  ]);
  const rows = textOf("README.md")
    .split("\n")
    .filter((line) => /^\| 2026/.test(line));
  expect(rows).toEqual([
    expect.stringMatching(/^\| 2026-\d\d-\d\d \| changed Q4_K_M \| Q4_K_M 0\.\d{5} → 0\.\d{5} \|$/),
    expect.stringMatching(/^\| 2026-\d\d-\d\d \| added Q8_0; removed Q2_K; changed Q4_K_M \| Q4_K_M /),
  ]);
  const verified = await verifyRemote(connection, { repo: "me/model", revision: "main" }, signal);
  expect(verified.problems.map(({ code, severity, file }) => [code, severity, file])).toEqual([
    ["QS-VERIFY-EXTRA", "warning", "Example-Q2_K.gguf"],
  ]);
});

test("files that only the history names are ours: removed with removeOld, and overwritten by a later release", async () => {
  for (const parts of [first, second]) {
    releaseFolder(folder, parts);
    await publishFolder(connection, folder);
  }
  const files = releaseFolder(folder, { variants: { Q4_K_M: 6, Q2_K: 7 }, bytes: 60_000 });
  const again = await publishFolder(connection, folder, { via: "pr" });
  expect(again.operations).toContainEqual(expect.objectContaining({ operation: "update", path: "Example-Q2_K.gguf" }));
  expect(treeOf(hub, "refs/pr/1")["Example-Q2_K.gguf"]).toBe(files["Example-Q2_K.gguf"]);
  releaseFolder(folder, third);
  await publishFolder(connection, folder, { removeOld: true });
  expect(Object.keys(treeOf(hub))).not.toContain("Example-Q2_K.gguf");
});

test.each([
  ["a 500 after the commit", { kind: "late", status: 500 }],
  ["no response to the commit", { kind: "silence" }],
])("%s gives no second entry", async (_, fault) => {
  releaseFolder(folder, first);
  await publishFolder(connection, folder);
  releaseFolder(folder, second);
  let left = 1;
  hub.faults = ({ path }) => (/\/commit\/main/.test(path) && left-- > 0 ? (fault as never) : undefined);
  await publishFolder(connectToWrite(hub, join(folder, "..", "hf"), { commitStallMs: 200 }), folder);
  expect(releases().length).toBe(1);
  expect((await publishFolder(connection, folder)).operations).toEqual([]);
});

test("a history that cannot be read, as of a newer version, is not replaced; without the file a new one begins", async () => {
  releaseFolder(folder, first);
  await publishFolder(connection, folder);
  const history = '{"version":2,"releases":[]}';
  const provenance = reviseProvenance(textOf("provenance.intoto.json"), new Map([["history.json", sha256(history)]]));
  const { "release.json": _, SHA256SUMS: __, ...listed } = treeOf(hub);
  const digests = { ...listed, "history.json": sha256(history), "provenance.intoto.json": sha256(provenance) };
  const sums = renderChecksums(new Map(Object.entries(digests)));
  const texts = { "history.json": history, "provenance.intoto.json": provenance, SHA256SUMS: sums };
  const set = Object.entries(texts).map(([path, text]) => smallFile(path, Buffer.from(text)));
  hub.repo("me/model")?.change("main", { title: "newer", set, remove: [] });
  const before = treeOf(hub);
  releaseFolder(folder, second);
  const error = await failureOf(publishFolder(connection, folder, { removeOld: true }));
  expect([error.code, treeOf(hub)]).toEqual(["QS-PUBLISH-HISTORY", before]);
  hub.repo("me/model")?.change("main", { title: "begin", set: [], remove: ["history.json"] });
  await publishFolder(connection, folder);
  expect(releases().length).toBe(1);
});

test("the same variants with another card are the same release", async () => {
  releaseFolder(folder, first);
  await publishFolder(connection, folder);
  releaseFolder(folder, { ...first, card: "# New\n" });
  await publishFolder(connection, folder);
  expect([textOf("README.md"), textOf("history.json")]).toEqual(["# New\n", ""]);
});

test("a target folder has the history, too, and keeps the old model until it is removed", async () => {
  const target = { path: join(folder, "..", "target") };
  const publish = async (parts: ReleaseParts, options = {}) => {
    releaseFolder(folder, parts);
    return publishToFolder(await releaseFiles(folder, signal), { ...target, ...options }, { signal });
  };
  await publish(first);
  const date = statSync(join(target.path, "release.json")).mtime.toISOString();
  const { operations } = await publish(second);
  expect(operations).toContainEqual({ operation: "keep", path: "Example-Q2_K.gguf" });
  expect(releases(readFileSync(join(target.path, "history.json"), "utf8"))).toMatchObject([{ date, commit: null }]);
  const verified = await verifyFolder(target.path, signal);
  expect(verified).toMatchObject({ ok: true, problems: [{ code: "QS-VERIFY-EXTRA", severity: "warning" }] });
  expect((await publish(second)).operations).toEqual([]);
  await publish(third);
  expect(Object.keys(folderDigests(target.path))).toContain("Example-Q2_K.gguf");
  await publish(third, { removeOld: true });
  expect(Object.keys(folderDigests(target.path))).not.toContain("Example-Q2_K.gguf");
  const noDefault = await failureOf(publish({ ...third, variants: { Q8_0: 5 } }));
  expect([noDefault.code, noDefault.remedy]).toEqual(["QS-PUBLISH-NAMES", expect.stringContaining("--remove-old")]);
  writeFileSync(join(target.path, "history.json"), "{}");
  expect((await verifyFolder(target.path, signal)).ok).toBe(false);
});

test("a folder with a history of its own does not replace another one", async () => {
  const [a, b] = [mkdtempSync(join(base, "a-")), mkdtempSync(join(base, "b-"))].map((one) => join(one, "target"));
  const publish = async (from: string, path = "") =>
    publishToFolder(await releaseFiles(from, signal), { path }, { signal });
  for (const parts of [first, second, third]) {
    releaseFolder(folder, parts);
    await publish(folder, a);
  }
  for (const parts of [third, second]) {
    releaseFolder(folder, parts);
    await publish(folder, b);
  }
  const before = folderDigests(a ?? "");
  const failure = await failureOf(publish(b ?? "", a));
  expect([failure.code, failure.message]).toEqual([
    "QS-PUBLISH-HISTORY",
    expect.stringContaining("names 1 release that the folder's own history lacks"),
  ]);
  expect(folderDigests(a ?? "")).toEqual(before);
  // A copy of what is at the target.
  const copy = join(mkdtempSync(join(base, "copy-")), "release");
  cpSync(b ?? "", copy, { recursive: true });
  expect((await publish(copy, b)).operations).toEqual([]);
});
