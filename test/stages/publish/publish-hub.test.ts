import { appendFileSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { HubConnection } from "../../../src/hub/connection.js";
import { previewHub, publishToHub, requireAccess } from "../../../src/stages/publish/publish-hub.js";
import { releaseFiles } from "../../../src/stages/publish/release-files.js";
import { sha256 } from "../../../src/util/sha256.js";
import { failureOf } from "../../fixtures/failure.js";
import { buildGguf, completeMetadata } from "../../fixtures/gguf-builder.js";
import { digests } from "../../fixtures/hub-client.js";
import type { Hub } from "../../fixtures/hub-server/hub.js";
import { smallFile } from "../../fixtures/hub-server/repo.js";
import { canary, connectToWrite, publishFolder, treeOf, withoutHistory } from "../../fixtures/publish-client.js";
import { releaseFolder, rerun } from "../../fixtures/release-folder.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";
import { useWritableHub } from "../../fixtures/use-writable-hub.js";

const base = temporaryFolder();
let hub: Hub;
let folder: string;
let connection: HubConnection;

useWritableHub(base, (started) => {
  ({ hub, folder, connection } = started);
});

const uploads = () =>
  hub.requests.filter(({ server, method, status }) => server === "storage" && method === "PUT" && status === 200);
const writes = () =>
  hub.requests.filter(({ method, path }) => method !== "GET" && !/preupload|validate-yaml/.test(path));
const mainCommits = () => hub.repo("me/model")?.history("main") ?? [];
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => "done",
    (error) => error.code,
  );

describe("via branch", () => {
  test("creates the repository, stages, and creates one commit on main", async () => {
    const files = releaseFolder(folder);
    const done = await publishFolder(connection, folder);
    expect(treeOf(hub)).toEqual(files);
    expect(mainCommits().map(({ title }) => title)).toEqual([
      done.operations.find((one) => one.operation === "commit")?.title,
      "commit",
    ]);
    expect(hub.repo("me/model")?.branches).toEqual(["main"]);
    expect(done.commit).toBe(hub.repo("me/model")?.resolve("main"));
    const models = ["Example-Q4_K_M.gguf", "Example-Q8_0.gguf"].map((file) => statSync(join(folder, file)).size);
    expect(done.sentBytes).toBe(models.reduce((sum, bytes) => sum + bytes, 0));
    expect(done.url).toBe(`${hub.url}/me/model`);
    // Two and three parts: both models were uploaded in parts, once.
    expect(uploads().length).toBe(5);
  });

  test("removes the staging branches of earlier publishers, and no other branch", async () => {
    releaseFolder(folder);
    const repo = hub.create("me/model");
    const others = ["quantsmith-staging-mine", "quantsmith-staging-0123456789abc", "notes"];
    const start = repo.commit({ "a.txt": "a" }, "main");
    for (const branch of others) repo.commit({ "a.txt": "a" }, branch);
    repo.point("quantsmith-staging-0123456789ab", start);
    await publishFolder(connection, folder);
    expect(repo.branches.sort()).toEqual(["main", ...others].sort());
  });

  test.each(["branch", "direct", "pr"] as const)(
    "keeps and lists branches with commits of others, also in that of the release: %s",
    async (via) => {
      releaseFolder(folder);
      const { title } = await releaseFiles(folder, new AbortController().signal);
      const version = title.slice(-13, -1);
      const repo = hub.create("me/model");
      const start = repo.commit({ "a.txt": "a" }, "main");
      const [edited, strange] = [`quantsmith-staging-${version}`, "quantsmith-staging-0123456789ab"];
      const leftover = "quantsmith-staging-ba9876543210";
      const add = (branch: string, commit: string, path: string) =>
        repo.change(branch, { title: commit, set: [smallFile(path, Buffer.from("mine"))], remove: [] });
      for (const branch of [edited, leftover]) repo.point(branch, start);
      // Main has moved since these publications were interrupted.
      add("main", "by hand", "notes.md");
      add(leftover, "Release Example (ba9876543210)", "README.md");
      add(edited, title, "template");
      const mine = add(edited, "Upload mine.txt", "mine.txt");
      repo.commit({ "mine.txt": "mine" }, strange);
      const { operations } = await publishFolder(connection, folder, { via });
      const named = operations.flatMap((one) => ("branch" in one ? [`${one.operation} ${one.branch}`] : []));
      expect(named).toEqual([`delete-branch ${leftover}`, `keep-branch ${edited}`, `keep-branch ${strange}`]);
      expect(repo.branches.sort()).toEqual(["main", edited, strange].sort());
      expect(repo.history(edited).map(({ id }) => id)).toContain(mine);
      expect((await publishFolder(connection, folder, { via })).operations).toEqual([]);
    },
  );

  test("a second publish changes nothing and sends nothing", async () => {
    releaseFolder(folder);
    const first = await publishFolder(connection, folder);
    const before = writes().length;
    const second = await publishFolder(connection, folder);
    expect(second.operations).toEqual([]);
    expect(second.commit).toBe(first.commit);
    expect(writes().length).toBe(before);
  });

  test("a rerun with other times changes nothing; an edited metric is rejected", async () => {
    releaseFolder(folder);
    const first = await publishFolder(connection, folder);
    const path = join(folder, "release.json");
    const text = readFileSync(path, "utf8");
    rerun(folder, (report) => report.replace(/"seconds":[\d.]+/, '"seconds":99'));
    expect(await publishFolder(connection, folder)).toMatchObject({ operations: [], commit: first.commit });
    writeFileSync(path, text.replace(/"sameTop": [\d.]+/, '"sameTop": 99'));
    expect(await failure(publishFolder(connection, folder))).toBe("QS-PUBLISH-RELEASE");
  });

  test("the next release uploads changed files, deletes removed ones except models, and keeps foreign files", async () => {
    const old = releaseFolder(folder, { variants: { Q4_K_M: 1, Q8_0: 2, Q2_K: 3 }, extra: { "old.json": "{}" } });
    await publishFolder(connection, folder);
    const q2 = { "Example-Q2_K.gguf": old["Example-Q2_K.gguf"] };
    hub.repo("me/model")?.change("main", {
      title: "by hand",
      set: [{ path: "notes.md", content: Buffer.from("mine"), oid: "1".repeat(40) }],
      remove: [],
    });
    const before = uploads().length;
    const files = releaseFolder(folder, { variants: { Q4_K_M: 1, Q8_0: 4 }, card: "# New\n" });
    const done = await publishFolder(connection, folder);
    expect(withoutHistory(treeOf(hub))).toEqual({ ...withoutHistory(files), ...q2, "notes.md": sha256("mine") });
    expect(uploads().length - before).toBe(3);
    const reported = done.operations.map((one) => ("path" in one ? `${one.operation} ${one.path}` : one.operation));
    expect(reported).toEqual([
      ...["create-branch", "add history.json", "update Example-Q8_0.gguf", "update README.md", "update SHA256SUMS"],
      ...[
        "update bom.cdx.json",
        "update provenance.intoto.json",
        "update release.json",
        "delete old.json",
        "keep Example-Q2_K.gguf",
        "commit",
        "commit",
        "delete-branch",
      ],
    ]);
  });

  test("a model of the previous release is deleted with removeOld, unchanged and only then", async () => {
    releaseFolder(folder, { variants: { Q4_K_M: 1, Q2_K: 3 } });
    await publishFolder(connection, folder);
    releaseFolder(folder, { variants: { Q4_K_M: 1 } });
    const { operations } = await publishFolder(connection, folder, { removeOld: true });
    expect(operations).toContainEqual({ operation: "delete", path: "Example-Q2_K.gguf" });
    expect(Object.keys(treeOf(hub))).not.toContain("Example-Q2_K.gguf");
  });

  test.each([
    [
      "the default of llama.cpp",
      { Q4_K_M: 1, Q8_0: 2 },
      { Q8_0: 2 },
      "`-hf` without a tag resolves to Example-Q4_K_M.gguf",
    ],
    ["that Ollama may take", { Q8_0: 2, Q2_K: 3 }, { Q8_0: 2 }, "Ollama may take Example-Q2_K.gguf"],
  ])("a kept model %s is refused", async (_, old, next, message) => {
    releaseFolder(folder, { variants: old });
    await publishFolder(connection, folder);
    releaseFolder(folder, { variants: next });
    const before = writes().length;
    const error = await failureOf(publishFolder(connection, folder));
    expect([error.code, error.message]).toEqual(["QS-PUBLISH-NAMES", expect.stringContaining(message)]);
    expect([error.remedy, writes().length]).toEqual([expect.stringContaining("removeOld: true"), before]);
  });

  test("a kept projector that llama.cpp would load with a new model is refused", async () => {
    const projector = buildGguf({ metadata: completeMetadata, tensors: [{ name: "v.weight", shape: [256] }] });
    releaseFolder(folder, { extra: { "mmproj-Example-F16.gguf": projector } });
    await publishFolder(connection, folder);
    releaseFolder(folder, { card: "# New\n" });
    expect((await failureOf(publishFolder(connection, folder))).message).toContain(
      "llama.cpp loads mmproj-Example-F16.gguf with Example-Q4_K_M.gguf",
    );
  });

  test("a manually replaced file of the previous release is kept", async () => {
    releaseFolder(folder, { variants: { Q4_K_M: 1, Q2_K: 3 } });
    await publishFolder(connection, folder);
    const repo = hub.repo("me/model");
    const theirs = {
      path: "Example-Q2_K.gguf",
      content: Buffer.from("better"),
      oid: "2".repeat(40),
      lfs: "3".repeat(64),
    };
    repo?.change("main", { title: "by hand", set: [theirs], remove: [] });
    releaseFolder(folder, { variants: { Q4_K_M: 1 } });
    await publishFolder(connection, folder);
    expect(Object.keys(treeOf(hub))).toContain("Example-Q2_K.gguf");
  });

  test.each<[string, Record<string, string>]>([
    ["without a release.json", {}],
    ["with a release.json of another program", { "release.json": '{"version": 3}' }],
    [
      "with a provenance of another program",
      { "provenance.intoto.json": JSON.stringify({ subject: [], predicate: { runDetails: { byproducts: [] } } }) },
    ],
  ])("files that a foreign SHA256SUMS lists stay, %s", async (_, more) => {
    const theirs: Record<string, string> = {
      ...{ "training-data.bin": "data", "adapter.safetensors": "adapter", LICENSE: "mine", "notes/eval.json": "{}" },
      ...more,
    };
    const sums = Object.entries(theirs).map(([path, content]) => `${sha256(content)}  ${path}\n`);
    hub.create("me/model").commit({ ...theirs, SHA256SUMS: sums.join("") });
    const files = releaseFolder(folder);
    const { operations } = await publishFolder(connection, folder, { replace: true });
    expect(treeOf(hub)).toEqual({ ...digests(theirs), ...files });
    expect(operations.filter(({ operation }) => operation === "delete")).toEqual([]);
  });

  test("small files of the previous release that someone edited stay; unchanged ones are deleted", async () => {
    releaseFolder(folder, { extra: { "old.json": "{}", "edited.json": "{}" } });
    await publishFolder(connection, folder);
    const repo = hub.repo("me/model");
    const theirs = smallFile("edited.json", Buffer.from('{"mine": 1}'));
    repo?.change("main", { title: "by hand", set: [theirs], remove: [] });
    const files = releaseFolder(folder, { card: "# New\n" });
    const { operations } = await publishFolder(connection, folder);
    expect(treeOf(hub)).toEqual({ ...files, "edited.json": sha256('{"mine": 1}') });
    expect(operations.flatMap((one) => (one.operation === "delete" ? [one.path] : []))).toEqual(["old.json"]);
  });

  test("files stay if someone edited the previous release.json: it is no longer the release of its provenance", async () => {
    releaseFolder(folder, { extra: { "old.json": "{}" } });
    await publishFolder(connection, folder);
    const edited = readFileSync(join(folder, "release.json"), "utf8").replace(/"sameTop": [\d.]+/, '"sameTop": 99');
    const set = [smallFile("release.json", Buffer.from(edited))];
    hub.repo("me/model")?.change("main", { title: "by hand", set, remove: [] });
    const files = releaseFolder(folder, { card: "# New\n" });
    await publishFolder(connection, folder, { replace: true });
    expect(treeOf(hub)).toEqual({ ...files, "old.json": sha256("{}") });
  });

  test("main always contains a complete release", async () => {
    const first = releaseFolder(folder);
    await publishFolder(connection, folder);
    const seen: Record<string, string>[] = [];
    const repo = hub.repo("me/model");
    if (repo !== undefined) repo.onMove = (ref) => void (ref === "main" && seen.push(treeOf(hub)));
    const second = releaseFolder(folder, { variants: { Q4_K_M: 5, Q6_K: 6 } });
    await publishFolder(connection, folder, { removeOld: true });
    expect(seen.map(withoutHistory)).toEqual([withoutHistory(second)]);
    expect(second).not.toEqual(first);
  });

  test.each([
    [{}, "private", "default"],
    [{ private: false }, "public", "public"],
    [{ private: true }, "private", "private"],
  ] as const)(
    "a new repository of an organization with private ones by default: %j",
    async (options, access, visibility) => {
      releaseFolder(folder);
      hub.privateByDefault.add("me");
      const { operations } = await publishFolder(connection, folder, options);
      expect(operations[0]).toEqual({ operation: "create-repository", visibility });
      expect(hub.repo("me/model")).toMatchObject({ access });
    },
  );

  test("dry run: returns the exact operations and writes nothing", async () => {
    releaseFolder(folder);
    hub.collections.set("me/mine-0123", { items: [] });
    const options = {
      repo: "me/model",
      via: "branch" as const,
      private: true,
      gated: "auto" as const,
      collection: "me/mine-0123",
    };
    const { signal } = new AbortController();
    const preview = await previewHub(connection, await releaseFiles(folder, signal), options, signal);
    expect(writes()).toEqual([]);
    expect(hub.repo("me/model")).toBeUndefined();
    expect(preview.commit).toBeNull();
    const done = await publishFolder(connection, folder, options);
    expect(done.operations).toEqual(preview.operations);
    expect(preview.operations.map(({ operation }) => operation)).toEqual([
      ...["create-repository", "set-gating", "create-branch", ...Array(10).fill("add")],
      ...["commit", "commit", "delete-branch", "add-to-collection"],
    ]);
    expect(hub.repo("me/model")).toMatchObject({ access: "private", gated: "auto" });
    expect(hub.collections.get("me/mine-0123")?.items).toEqual([{ type: "model", id: "me/model" }]);
    expect((await publishFolder(connection, folder, options)).operations).toEqual([]);
  });
});

describe("other modes", () => {
  test("direct: one commit, no branch", async () => {
    const files = releaseFolder(folder);
    await publishFolder(connection, folder, { via: "direct" });
    expect(treeOf(hub)).toEqual(files);
    expect(mainCommits().length).toBe(2);
    expect(hub.requests.some(({ path }) => path.includes("/branch/"))).toBe(false);
  });

  test("pr: one pull request, main unchanged; a later run restores a deleted file", async () => {
    const files = releaseFolder(folder);
    const done = await publishFolder(connection, folder, { via: "pr" });
    expect(done.pullRequest).toBe(`${hub.url}/me/model/discussions/1`);
    expect(treeOf(hub, "refs/pr/1")).toEqual(files);
    expect(treeOf(hub)).toEqual({});
    const again = await publishFolder(connection, folder, { via: "pr" });
    expect(again).toMatchObject({ commit: done.commit, pullRequest: done.pullRequest, operations: [] });
    hub.repo("me/model")?.change("refs/pr/1", { title: "oops", set: [], remove: ["README.md"] });
    await publishFolder(connection, folder, { via: "pr" });
    expect(treeOf(hub, "refs/pr/1")).toEqual(files);
    expect(hub.repo("me/model")?.pullRequests.length).toBe(1);
  });

  test("pr: files that someone edited in it are named and stay, unless the release replaces them", async () => {
    const files = releaseFolder(folder, { extra: { params: "{}" } });
    const { commit } = await publishFolder(connection, folder, { via: "pr" });
    const texts = { "README.md": "# Mine\n", params: "mine", "notes.md": "mine" };
    const set = Object.entries(texts).map(([path, text]) => smallFile(path, Buffer.from(text)));
    const edit = () => hub.repo("me/model")?.change("refs/pr/1", { title: "by hand", set, remove: ["release.json"] });
    edit();
    const before = [treeOf(hub, "refs/pr/1"), writes().length];
    const options = { repo: "me/model", via: "pr" as const, private: false };
    const preview = async (replace: boolean) => {
      const { signal } = new AbortController();
      return previewHub(
        connection,
        await releaseFiles(folder, signal),
        { ...options, ...(replace && { replace }) },
        signal,
      );
    };
    for (const work of [() => preview(false), () => publishFolder(connection, folder, options)]) {
      const error = await failureOf(work());
      expect([error.code, error.message]).toEqual([
        "QS-PUBLISH-FOREIGN",
        "files of pull request 1 of me/model are not of a release of quantsmith: README.md, params",
      ]);
      expect(error.remedy).toMatch(/^Merge or close the pull request, or add `--replace`/);
    }
    expect([treeOf(hub, "refs/pr/1"), writes().length]).toEqual(before);
    const { operations } = await preview(true);
    expect(
      operations.map((one) => [one.operation, "path" in one ? one.path : "revision" in one && one.revision]),
    ).toEqual([
      ["add", "release.json"],
      ["replace", "README.md"],
      ["replace", "params"],
      ["commit", "refs/pr/1"],
    ]);
    const done = await publishFolder(connection, folder, { via: "pr", replace: true });
    expect([done.operations, done.pullRequest]).toEqual([operations, `${hub.url}/me/model/discussions/1`]);
    expect(treeOf(hub, "refs/pr/1")).toEqual({ ...files, "notes.md": sha256("mine") });
    expect(hub.repo("me/model")?.history("refs/pr/1").at(-2)?.id).toBe(commit);
  });

  test("pr: a card that someone edits in it during publishing stays", async () => {
    releaseFolder(folder);
    const repo = hub.create("me/model");
    repo.commit({ "README.md": "" });
    const edit = () =>
      repo.change("refs/pr/1", {
        title: "by hand",
        set: [smallFile("README.md", Buffer.from("# Mine\n"))],
        remove: [],
      });
    // Without a response to its commit, the pull request is found in the list.
    hub.faults = ({ method, path }) => {
      if (method === "GET" && path.endsWith("/discussions") && repo.pullRequests.length > 0) edit();
      return /\/commit\/main/.test(path) ? { kind: "late", status: 500 } : undefined;
    };
    expect(await failure(publishFolder(connection, folder, { via: "pr" }))).toBe("QS-PUBLISH-FOREIGN");
    repo.change("refs/pr/1", { title: "oops", set: [], remove: ["README.md"] });
    hub.faults = ({ path }) => {
      if (path.includes("/preupload/")) edit();
      return undefined;
    };
    expect(await failure(publishFolder(connection, folder, { via: "pr" }))).toBe("QS-PUBLISH-CONFLICT");
    expect(treeOf(hub, "refs/pr/1")["README.md"]).toBe(sha256("# Mine\n"));
  });

  test("pr: one that was opened without its commit gets it", async () => {
    releaseFolder(folder);
    await publishFolder(connection, folder, { via: "direct" });
    releaseFolder(folder, { variants: { Q4_K_M: 8, Q8_0: 2 } });
    const done = await publishFolder(connection, folder, { via: "pr" });
    const complete = treeOf(hub, "refs/pr/1");
    const repo = hub.repo("me/model");
    repo?.point("refs/pr/1", repo.resolve("main") ?? "");
    const again = await publishFolder(connection, folder, { via: "pr" });
    expect([again.pullRequest, treeOf(hub, "refs/pr/1")]).toEqual([done.pullRequest, complete]);
    expect(again.operations).toContainEqual(expect.objectContaining({ operation: "update", path: "README.md" }));
  });
});

describe("lost responses", () => {
  const once = (pattern: RegExp, kind: object, method = "POST") => {
    let left = 1;
    hub.faults = (request) =>
      left > 0 && request.method === method && pattern.test(request.path) && left-- > 0 ? (kind as never) : undefined;
  };
  test.each([
    ["a 500 after the commit on main", /\/commit\/main/, { kind: "late", status: 500 }],
    ["a reset after the commit on main", /\/commit\/main/, { kind: "reset", after: 0 }],
    ["no response to a commit", /\/commit\/main/, { kind: "silence" }],
    ["a truncated response to a commit", /\/commit\/main/, { kind: "short", after: 20 }],
    ["412 without a reason", /\/commit\/main/, { kind: "status", status: 412 }],
    ["a 504 after the staging commit", /\/commit\/quantsmith/, { kind: "late", status: 504 }],
    ["a 500 after the creation of the repository", /repos\/create/, { kind: "late", status: 500 }],
    ["a 500 after the creation of the branch", /\/branch\//, { kind: "late", status: 500 }],
    ["a 500 after the completion of a multipart upload", /complete_multipart/, { kind: "late", status: 500 }],
  ])("%s", async (_, pattern, kind) => {
    const files = releaseFolder(folder);
    once(pattern, kind);
    await publishFolder(connectToWrite(hub, base, { stallMs: 200, commitStallMs: 200 }), folder);
    expect(treeOf(hub)).toEqual(files);
    expect(mainCommits().length).toBe(2);
    expect(hub.repo("me/model")?.branches).toEqual(["main"]);
  });

  test("429 with Retry-After delays all requests for that time", async () => {
    releaseFolder(folder);
    once(/\/commit\/main/, { kind: "status", status: 429, headers: { "retry-after": "1" } });
    const started = performance.now();
    await publishFolder(connection, folder);
    expect(performance.now() - started).toBeGreaterThan(1000);
    expect(mainCommits().length).toBe(2);
  });

  test("expired upload addresses are replaced", async () => {
    const files = releaseFolder(folder);
    let parts = 0;
    hub.faults = ({ server }) => {
      if (server === "storage" && ++parts === 2) hub.expireSignatures();
      return undefined;
    };
    await publishFolder(connection, folder);
    expect(treeOf(hub)).toEqual(files);
  });
});

describe("errors", () => {
  test("no token, no write access, a private release for a public repository, a missing collection", async () => {
    releaseFolder(folder);
    expect(() => requireAccess({ ...connection, hasToken: false }, "me/model")).toThrow("needs a token");
    expect(() => requireAccess({ ...connection, offline: true }, "me/model")).toThrow("HF_HUB_OFFLINE");
    expect(await failure(publishFolder(connection, folder, { repo: "other/model" }))).toBe("QS-HUB-FORBIDDEN");
    await publishFolder(connection, folder);
    expect(await failure(publishFolder(connection, folder, { private: true }))).toBe("QS-PUBLISH-PUBLIC");
    expect(await failure(publishFolder(connection, folder, { collection: "me/none" }))).toBe("QS-HUB-MISSING");
  });

  test("a private release is not uploaded to a repository that another user creates as public", async () => {
    releaseFolder(folder);
    hub.faults = ({ path }) => {
      if (path === "/api/repos/create") hub.create("me/model").commit({ ".gitattributes": "" });
      return undefined;
    };
    expect(await failure(publishFolder(connection, folder, { private: true }))).toBe("QS-PUBLISH-PUBLIC");
    expect(treeOf(hub)).toEqual({});
  });

  test("an edited release and one with a failed variant are rejected before any request", async () => {
    releaseFolder(folder);
    appendFileSync(join(folder, "README.md"), "edited");
    expect(await failure(publishFolder(connection, folder))).toBe("QS-PUBLISH-RELEASE");
    releaseFolder(folder);
    const report = readFileSync(join(folder, "release.json"), "utf8");
    writeFileSync(join(folder, "release.json"), report.replace('"gate": "passed"', '"gate": "failed"'));
    expect(await failure(publishFolder(connection, folder))).toBe("QS-PUBLISH-RELEASE");
    expect(hub.requests).toEqual([]);
  });

  test("a file that changes during the upload", async () => {
    releaseFolder(folder);
    hub.faults = ({ path }) => {
      if (path.endsWith("/batch")) appendFileSync(join(folder, "Example-Q8_0.gguf"), "more");
      return undefined;
    };
    expect(await failure(publishFolder(connection, folder))).toBe("QS-INPUT-CHANGED");
    expect(treeOf(hub)).toEqual({});
  });

  test("a card with invalid front matter is rejected before any upload", async () => {
    releaseFolder(folder, { card: "---\nlicense: [mit\n---\n# A model\n" });
    expect(await failure(publishFolder(connection, folder))).toBe("QS-PUBLISH-CARD");
    expect(writes()).toEqual([]);
  });

  test.each([
    ["instead of a variant", "preset.ini"],
    ["with every variant", "mmproj-x.gguf"],
    ["with every variant", "template"],
  ])("a foreign file in the repository that a runtime would use %s: %s", async (_, path) => {
    releaseFolder(folder);
    await publishFolder(connection, folder);
    const theirs = { path, content: Buffer.from("x"), oid: "1".repeat(40) };
    hub.repo("me/model")?.change("main", { title: "theirs", set: [theirs], remove: [] });
    releaseFolder(folder, { card: "# New\n" });
    const before = treeOf(hub);
    expect(await failureOf(publishFolder(connection, folder))).toMatchObject({
      code: "QS-PUBLISH-NAMES",
      message: expect.stringContaining(path),
    });
    expect(treeOf(hub)).toEqual(before);
  });

  test("the error contains the Hub's message without the token", async () => {
    releaseFolder(folder);
    hub.faults = ({ path }) =>
      path.includes("/commit/")
        ? { kind: "status", status: 400, headers: { "x-error-message": `bad card, said Bearer ${canary}` } }
        : undefined;
    const error = await publishFolder(connection, folder).catch((error: Error) => error);
    expect((error as Error).message).toContain("bad card");
    expect(JSON.stringify([error, (error as Error).message])).not.toContain(canary);
  });
});

describe("files of the owner", () => {
  const theirs = { params: "{}", template: "mine", "README.md": "---\nlicense: mit\n---\nMy model\n" };
  const model = { "Example-Q8_0.gguf": Buffer.from("GGUF of the owner") };
  const extra = { params: '{"stop":[]}', template: "ours" };
  const publishing = (options = {}) => publishFolder(connection, folder, { repo: "me/model", ...options });
  const preview = async (options = {}) => {
    const all = { repo: "me/model", via: "branch" as const, private: false, ...options };
    const { signal } = new AbortController();
    return previewHub(connection, await releaseFiles(folder, signal), all, signal);
  };

  test.each(["branch", "pr", "direct"] as const)(
    "that a release would overwrite are named and stay, unless it replaces them (via %s)",
    async (via) => {
      const repo = hub.create("me/model");
      repo.commit({ ...theirs, ...model, "notes.md": "mine", "assets/size.svg": "<svg/>" });
      const before = treeOf(hub);
      const files = releaseFolder(folder, { extra });
      for (const work of [preview, publishing]) {
        const error = await failureOf(work({ via }));
        expect([error.code, error.exitCode, error.message]).toEqual([
          "QS-PUBLISH-FOREIGN",
          2,
          "files of me/model are not of a release of quantsmith: Example-Q8_0.gguf, README.md, params, template",
        ]);
        expect(error.remedy).toContain("--replace");
      }
      expect([treeOf(hub), writes(), repo.branches]).toEqual([before, [], ["main"]]);
      const { operations } = await preview({ via, replace: true });
      const done = await publishing({ via, replace: true });
      expect(done.operations).toEqual(operations);
      expect(operations.flatMap((one) => (one.operation === "replace" ? [one.path] : []))).toEqual([
        ...["Example-Q8_0.gguf", "README.md", "params", "template"],
      ]);
      const tree = treeOf(hub, via === "pr" ? "refs/pr/1" : "main");
      expect(tree).toEqual({ ...files, "notes.md": sha256("mine") });
      expect((await publishing({ via })).operations).toEqual([]);
    },
  );

  test.each([
    ["without a release", false, "branch"],
    ["beside the same release", true, "branch"],
    ["beside the same release", true, "pr"],
    ["without a release", false, "direct"],
  ] as const)(
    "a signature of anything else is named and stays, unless it is replaced: %s (%s, via %s)",
    async (_what, isReleased, via) => {
      const repo = hub.create("me/model");
      repo.commit({ "notes.md": "mine" });
      const files = releaseFolder(folder);
      if (isReleased) await publishing();
      repo.change("main", { title: "by hand", set: [smallFile("model.sig", Buffer.from("hello"))], remove: [] });
      const before = [treeOf(hub), writes().length];
      for (const work of [preview, publishing]) {
        const { code, message } = await failureOf(work({ via }));
        expect([code, message]).toEqual([
          "QS-PUBLISH-FOREIGN",
          expect.stringMatching(/^files of me\/model .*: model\.sig$/),
        ]);
      }
      expect([treeOf(hub), writes().length]).toEqual(before);
      const { operations } = await preview({ via, replace: true });
      expect(operations).toContainEqual({ operation: "delete", path: "model.sig" });
      expect((await publishing({ via, replace: true })).operations).toEqual(operations);
      expect(treeOf(hub, via === "pr" ? "refs/pr/1" : "main")).toEqual({ ...files, "notes.md": sha256("mine") });
    },
  );

  test("a signature that somebody adds during publishing is not published with the release", async () => {
    releaseFolder(folder);
    const repo = hub.create("me/model");
    repo.commit({ "notes.md": "mine" });
    repo.onMove = (ref) => {
      if (ref === "main" || repo.files(repo.resolve("main") ?? "").length > 1) return;
      repo.change("main", { title: "by hand", set: [smallFile("model.sig", Buffer.from("hello"))], remove: [] });
    };
    expect(await failure(publishing())).toBe("QS-PUBLISH-CONFLICT");
    expect(treeOf(hub)).toEqual({ "model.sig": sha256("hello"), "notes.md": sha256("mine") });
  });

  test("a card with a text between rules is theirs, and so is what a folder of the release would hide", async () => {
    releaseFolder(folder);
    for (const card of [
      "---\nlicense: mit\n---\n# Notes\n\nOf months.\n\n---\n",
      "---\nNotes of months.\n---\nMore\n---",
      "---\nlicense: mit\nextra_gated_prompt: My terms.\n---\n",
      `---\n${"x\n".repeat(5e6)}`,
    ]) {
      const repo = `me/${sha256(card).slice(0, 8)}`;
      hub.create(repo).commit({ "README.md": card });
      expect(await failureOf(publishing({ repo }))).toMatchObject({ code: "QS-PUBLISH-FOREIGN" });
    }
    for (const file of ["assets", "README.md/notes.txt"]) {
      const repo = `me/${sha256(file).slice(0, 8)}`;
      const created = hub.create(repo);
      created.commit({ [file]: "mine" });
      const before = treeOf(hub, "main", repo);
      const message = `the release has files and folders with the names of others of ${repo}: ${file}`;
      expect(await failureOf(publishing({ repo, replace: true }))).toMatchObject({
        code: "QS-PUBLISH-FOREIGN",
        message,
      });
      expect(treeOf(hub, "main", repo)).toEqual(before);
    }
  });

  test("that the Hub itself creates are no obstacle", async () => {
    for (const card of ["", "---\n---\n", "---\nlicense: mit\n---\n", "---\r\nlicense: mit\r\n---"]) {
      const repo = `me/${sha256(card).slice(0, 8)}`;
      hub.create(repo).commit({ ".gitattributes": "*.gguf filter=lfs diff=lfs merge=lfs -text\n", "README.md": card });
      releaseFolder(folder);
      const { operations } = await publishing({ repo });
      expect(operations.find((one) => "path" in one && one.path === "README.md")?.operation).toBe("update");
    }
  });

  test("a card edited on the Hub is kept; the release of another model, too", async () => {
    releaseFolder(folder);
    await publishing();
    releaseFolder(folder, { model: "Other" });
    for (const work of [preview, publishing]) {
      expect((await failureOf(work())).message).toBe(
        'me/model contains the release of another model, "Example", not of "Other"',
      );
    }
    releaseFolder(folder, { source: "hf:org/other" });
    expect((await failureOf(publishing())).message).toBe(
      'me/model contains the release of another source, "hf:org/Example-4B-Instruct", not of "hf:org/other"',
    );
    const set = [smallFile("README.md", Buffer.from("# Edited\n"))];
    hub.repo("me/model")?.change("main", { title: "by hand", set, remove: [] });
    releaseFolder(folder, { card: "# Next\n" });
    expect((await failureOf(publishing())).message).toBe(
      "files of me/model are not of its release, or changed: README.md",
    );
    const files = releaseFolder(folder, { model: "Other" });
    const beside = await failureOf(publishing({ replace: true }));
    expect([beside.code, beside.remedy]).toEqual(["QS-PUBLISH-NAMES", expect.stringContaining("--remove-old")]);
    await publishing({ replace: true, removeOld: true });
    expect(withoutHistory(treeOf(hub))).toEqual(withoutHistory(files));
  });

  test("in a repository that its owner creates after the plan", async () => {
    releaseFolder(folder);
    let isCreated = false;
    hub.faults = ({ path }) => {
      if (path.endsWith("/repos/create") && !isCreated) hub.create("me/model").commit({ "README.md": "# Mine\n" });
      isCreated ||= path.endsWith("/repos/create");
      return undefined;
    };
    expect(await failure(publishing())).toBe("QS-PUBLISH-FOREIGN");
    expect(treeOf(hub)).toEqual({ "README.md": sha256("# Mine\n") });
  });

  test.each(["branch", "pr", "direct"] as const)(
    "that the plan did not list stay, also with `replace` (via %s)",
    async (via) => {
      releaseFolder(folder);
      const created = { "README.md": "# Mine\n", ...model };
      hub.faults = ({ path }) => {
        if (path.endsWith("/repos/create") && hub.repo("me/model") === undefined)
          hub.create("me/model").commit(created);
        return undefined;
      };
      const error = await failureOf(publishing({ via, replace: true }));
      expect([error.code, error.message]).toEqual(["QS-PUBLISH-CONFLICT", expect.stringContaining("of me/model")]);
      expect([treeOf(hub), hub.repo("me/model")?.pullRequests]).toEqual([digests(created), []]);
      // The next plan lists them.
      const { operations } = await publishing({ via, replace: true });
      expect(operations.flatMap((one) => (one.operation === "replace" ? [one.path] : []))).toEqual([
        ...["Example-Q8_0.gguf", "README.md"],
      ]);
    },
  );

  test.each(["before", "after"] as const)(
    "that somebody changes %s the opening of a pull request stay, also with `replace`",
    async (when) => {
      releaseFolder(folder);
      const repo = hub.create("me/model");
      const initial = repo.commit({ "README.md": "" });
      const set = [smallFile("README.md", Buffer.from("# Mine\n"))];
      const edit = (ref: string) => repo.change(ref, { title: "by hand", set, remove: [] });
      if (when === "before") {
        const signal = new AbortController().signal;
        const release = await releaseFiles(folder, signal);
        const options = { repo: "me/model", via: "pr" as const, private: false, replace: true as const };
        const hooks = { signal, onProgress: () => undefined, onPlan: () => void edit("main") };
        expect(await failure(publishToHub(connection, release, options, hooks))).toBe("QS-PUBLISH-CONFLICT");
        expect([treeOf(hub), repo.pullRequests]).toEqual([digests({ "README.md": "# Mine\n" }), []]);
        return;
      }
      hub.faults = ({ method, path }) => {
        if (method === "GET" && path.endsWith("/discussions") && repo.pullRequests.length > 0) edit("refs/pr/1");
        return undefined;
      };
      expect(await failure(publishing({ via: "pr", replace: true }))).toBe("QS-PUBLISH-CONFLICT");
      expect(treeOf(hub, "refs/pr/1")["README.md"]).toBe(sha256("# Mine\n"));
      expect(repo.resolve("main")).toBe(initial);
    },
  );

  test("a release that another publisher creates after the plan is not replaced without its history", async () => {
    releaseFolder(folder, { card: "# Theirs\n" });
    await publishing({ repo: "me/other" });
    const other = hub.repo("me/other");
    const theirs = other?.files(other.resolve("main") ?? "").map(({ path, content }) => [path, content]) ?? [];
    hub.faults = ({ path }) => {
      if (path.endsWith("/repos/create")) hub.create("me/model").commit(Object.fromEntries(theirs));
      return undefined;
    };
    const before = treeOf(hub, "main", "me/other");
    releaseFolder(folder, { variants: { Q4_K_M: 8, Q8_0: 2 } });
    expect(await failure(publishing())).toBe("QS-PUBLISH-CONFLICT");
    expect(treeOf(hub)).toEqual(before);
    hub.faults = () => undefined;
    const { operations } = await publishing();
    expect(operations).toContainEqual(expect.objectContaining({ operation: "add", path: "history.json" }));
  });
});

describe("concurrent publishers", () => {
  test("of the same release: all succeed with one commit", async () => {
    const files = releaseFolder(folder);
    const all = await Promise.all([1, 2, 3].map(() => publishFolder(connection, folder)));
    expect(new Set(all.map(({ commit }) => commit)).size).toBe(1);
    expect(treeOf(hub)).toEqual(files);
    expect(mainCommits().length).toBe(2);
    expect(hub.repo("me/model")?.branches).toEqual(["main"]);
  });

  test("a release that another publisher commits after the plan: a pull request does not delete its files", async () => {
    const previous = releaseFolder(folder, { extra: { "old.json": "{}" } });
    await publishFolder(connection, folder);
    const repo = hub.repo("me/model");
    const [second, first] = repo?.history("main").map(({ id }) => id) ?? [];
    repo?.point("main", first ?? "");
    releaseFolder(folder, { card: "# New\n" });
    const release = await releaseFiles(folder, new AbortController().signal);
    const options = { repo: "me/model", via: "pr" as const, private: false };
    const hooks = { signal: new AbortController().signal, onProgress: () => undefined };
    const onPlan = () => repo?.point("main", second ?? "");
    const error = await failureOf(publishToHub(connection, release, options, { ...hooks, onPlan }));
    expect([error.code, error.message]).toEqual(["QS-PUBLISH-CONFLICT", expect.stringContaining("old.json")]);
    expect([treeOf(hub), repo?.pullRequests]).toEqual([previous, []]);
  });

  test("a concurrent change of a foreign file: both commits are kept", async () => {
    const files = releaseFolder(folder);
    await publishFolder(connection, folder);
    const next = releaseFolder(folder, { variants: { Q4_K_M: 8, Q8_0: 2 } });
    const theirs = { path: "notes.md", content: Buffer.from("mine"), oid: "1".repeat(40) };
    justBefore(/\/commit\/main/, () =>
      hub.repo("me/model")?.change("main", { title: "theirs", set: [theirs], remove: [] }),
    );
    await publishFolder(connection, folder);
    expect(withoutHistory(treeOf(hub))).toEqual({ ...withoutHistory(next), "notes.md": sha256("mine") });
    expect(files).not.toEqual(next);
  });

  test("a concurrent change of a release file: it is kept, and publishing fails", async () => {
    releaseFolder(folder);
    await publishFolder(connection, folder);
    const other = join(base, "other");
    releaseFolder(other, { variants: { Q4_K_M: 9 }, card: "# Theirs\n" });
    releaseFolder(folder, { variants: { Q4_K_M: 8 }, card: "# Ours\n" });
    const theirs = smallFile("README.md", Buffer.from("# Theirs\n"));
    justBefore(/\/commit\/main/, () =>
      hub.repo("me/model")?.change("main", { title: "theirs", set: [theirs], remove: [] }),
    );
    const conflict = await failureOf(publishFolder(connection, folder));
    const left = (hub.repo("me/model")?.branches ?? []).filter((name) => name.startsWith("quantsmith-"));
    expect(left).toHaveLength(1);
    expect([conflict.code, conflict.remedy]).toEqual(["QS-PUBLISH-CONFLICT", expect.stringContaining(`${left[0]}`)]);
    expect(treeOf(hub)["README.md"]).toBe(sha256("# Theirs\n"));
    expect(await failure(publishFolder(connection, folder))).toBe("QS-PUBLISH-FOREIGN");
    await publishFolder(connection, folder, { replace: true });
    const main = hub.repo("me/model")?.resolve("main") ?? "";
    const card = hub
      .repo("me/model")
      ?.files(main)
      .find(({ path }) => path === "README.md")?.content;
    expect(String(card)).toMatch(/^# Ours\n\n## History\n/);
  });

  function justBefore(pattern: RegExp, act: () => void): void {
    let left = 1;
    hub.faults = ({ path }) => {
      if (left > 0 && pattern.test(path) && left-- > 0) act();
      return undefined;
    };
  }
});
