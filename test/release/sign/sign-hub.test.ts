import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { verifyFolder } from "../../../src/release/verify/verify-folder.js";
import { verifyRemote } from "../../../src/release/verify/verify-remote.js";
import type { HubPublishOptions } from "../../../src/stages/publish/hub-options.js";
import { previewFolder, publishToFolder } from "../../../src/stages/publish/publish-dir.js";
import { previewHub } from "../../../src/stages/publish/publish-hub.js";
import { releaseFiles } from "../../../src/stages/publish/release-files.js";
import { signRelease } from "../../../src/stages/publish/sign-release.js";
import { failureOf } from "../../fixtures/failure.js";
import type { Hub } from "../../fixtures/hub-server/hub.js";
import { smallFile } from "../../fixtures/hub-server/repo.js";
import { connectToWrite, publishFolder, startWritableHub, treeOf } from "../../fixtures/publish-client.js";
import { releaseFolder, rerun } from "../../fixtures/release-folder.js";
import { identityToken, startSigstore, type TestSigstore } from "../../fixtures/sigstore.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

const home = temporaryFolder();
const signal = new AbortController().signal;
const signer = { identity: "https://example.com/release", issuer: "https://issuer.example.com" };
let sigstore: TestSigstore;
let hub: Hub;
let folder: string;

beforeAll(async () => {
  sigstore = await startSigstore(home);
});
afterAll(() => sigstore.close());
beforeEach(async () => {
  for (const [name, value] of Object.entries(sigstore.env)) vi.stubEnv(name, value);
  vi.stubEnv("SIGSTORE_ID_TOKEN", identityToken(signer.identity, signer.issuer));
  hub = await startWritableHub();
  folder = join(mkdtempSync(join(home, "home-")), "release");
  releaseFolder(folder);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  expect(hub.violations).toEqual([]);
  await hub.close();
});

async function publish(sign: boolean, options: Partial<HubPublishOptions> = {}) {
  const connection = connectToWrite(hub, join(folder, "..", "hf"));
  const done = await publishFolder(connection, folder, { ...options, ...(sign && { sign: true }) });
  const place = { repo: "me/model", revision: "main" };
  return { done, report: await verifyRemote(connection, place, signal, undefined, sign ? signer : {}) };
}

const commits = () => hub.repo("me/model")?.history("main").length;

test("a signed release is valid on the Hub, and neither signed nor committed again", async () => {
  const before = sigstore.signings();
  const { report } = await publish(true);
  expect([report.ok, report.signature]).toEqual([true, { state: "valid", ...signer, ok: true }]);
  expect(treeOf(hub)["model.sig"]).toBeDefined();
  const made = commits();
  expect((await publish(true)).done.operations).toEqual([]);
  // Rebuilt on another machine: no signature in the folder, other durations in release.json.
  rmSync(join(folder, "model.sig"));
  rerun(folder, (report) => report.replace(/"seconds":[\d.]+/, '"seconds":12345'));
  expect((await publish(true)).done.operations).toEqual([]);
  expect((await publish(false)).done.operations).toEqual([]);
  expect([commits(), sigstore.signings(), existsSync(join(folder, "model.sig"))]).toEqual([made, before + 1, false]);
});

test("a release with a history is signed with it, outside its folder; without signing the folder's signature is left out", async () => {
  await publish(true);
  releaseFolder(folder, { variants: { Q4_K_M: 7, Q8_0: 2 } });
  const { report, done } = await publish(true);
  expect([report.ok, report.signature?.state, existsSync(join(folder, "model.sig"))]).toEqual([true, "valid", false]);
  expect(done.operations[0]).toEqual({ operation: "sign", path: "model.sig" });
  const before = [commits(), sigstore.signings()];
  expect((await publish(true)).done.operations).toEqual([]);
  expect([commits(), sigstore.signings()]).toEqual(before);
  releaseFolder(folder, { variants: { Q4_K_M: 8, Q8_0: 2 } });
  await signRelease(await releaseFiles(folder, signal), signal);
  const unsigned = await publish(false);
  expect(unsigned.done.operations[0]).toEqual({ operation: "leave-out", path: "model.sig" });
  expect([unsigned.report.ok, unsigned.report.signature]).toEqual([true, null]);
});

test("a release in an open pull request is neither signed nor committed again", async () => {
  await publish(true);
  releaseFolder(folder, { variants: { Q4_K_M: 7, Q8_0: 2 } });
  const connection = connectToWrite(hub, join(folder, "..", "hf"));
  const options = { sign: true, via: "pr" } as const;
  const proposed = await publishFolder(connection, folder, options);
  const state = () => [
    sigstore.signings(),
    treeOf(hub, "refs/pr/1"),
    hub.repo("me/model")?.history("refs/pr/1").length,
  ];
  const before = state();
  expect(before[1]).toHaveProperty(["model.sig"]);
  const release = await releaseFiles(folder, signal);
  const target = { repo: "me/model", private: false, ...options };
  expect((await previewHub(connection, release, target, signal)).operations).toEqual([]);
  const again = await publishFolder(connection, folder, options);
  expect([again, state()]).toEqual([{ ...proposed, operations: [], sentBytes: 0 }, before]);
  // Another release has another pull request, with a signature of its own.
  releaseFolder(folder, { variants: { Q4_K_M: 8, Q8_0: 2 } });
  const other = await publishFolder(connection, folder, options);
  expect([other.pullRequest === proposed.pullRequest, sigstore.signings()]).toEqual([false, Number(before[0]) + 1]);
});

test("an unsigned release on the Hub is signed; another release removes the previous signature", async () => {
  await publish(false);
  expect(treeOf(hub)["model.sig"]).toBeUndefined();
  const { done } = await publish(true);
  expect(done.operations.flatMap((one) => (one.operation === "add" ? [one.path] : []))).toEqual(["model.sig"]);
  releaseFolder(folder, { card: "# Another model\n" });
  const { report } = await publish(false);
  expect([report.ok, report.signature, treeOf(hub)["model.sig"]]).toEqual([true, null, undefined]);
});

const strangers = [
  { identity: "https://example.com/mallory", issuer: signer.issuer },
  { identity: signer.identity, issuer: "https://other.example.com" },
];

/** Signs a copy of the release as somebody else; returns its `model.sig`. */
async function signatureOf({ identity, issuer }: typeof signer): Promise<Buffer> {
  const copy = join(mkdtempSync(join(home, "copy-")), "release");
  cpSync(folder, copy, { recursive: true });
  rmSync(join(copy, "model.sig"), { force: true });
  vi.stubEnv("SIGSTORE_ID_TOKEN", identityToken(identity, issuer));
  await signRelease(await releaseFiles(copy, signal), signal);
  vi.stubEnv("SIGSTORE_ID_TOKEN", identityToken(signer.identity, signer.issuer));
  return readFileSync(join(copy, "model.sig"));
}

test.each(strangers)(
  "a folder's signature of somebody else stays, unless it is replaced: $identity, $issuer",
  async (other) => {
    const signature = await signatureOf(other);
    writeFileSync(join(folder, "model.sig"), signature);
    const before = sigstore.signings();
    const release = await releaseFiles(folder, signal);
    const connection = connectToWrite(hub, join(folder, "..", "hf"));
    const target = { repo: "me/model", via: "branch", private: false, sign: true } as const;
    const dir = join(folder, "..", "target");
    for (const work of [
      () => publish(true),
      () => previewHub(connection, release, target, signal),
      () => publishToFolder(release, { path: dir, sign: true }, { signal }),
    ]) {
      const { code, message } = await failureOf(work());
      expect(code).toBe("QS-PUBLISH-FOREIGN");
      expect(message).toContain(other.issuer === signer.issuer ? `by ${other.identity} instead of` : other.issuer);
    }
    expect(readFileSync(join(folder, "model.sig")).equals(signature)).toBe(true);
    expect([hub.repo("me/model"), existsSync(dir), sigstore.signings()]).toEqual([undefined, false, before]);
    const { report, done } = await publish(true, { replace: true });
    expect(report.signature).toEqual({ state: "valid", ...signer, ok: true });
    const kept = `${folder}.model.sig.replaced-1`;
    expect(done.operations[0]).toEqual({ operation: "rename", path: join(folder, "model.sig"), to: kept });
    expect(readFileSync(kept).equals(signature)).toBe(true);
  },
);

test("a signature that somebody else adds during signing stays", async () => {
  const signature = await signatureOf(strangers[0] ?? signer);
  const release = await releaseFiles(folder, signal);
  writeFileSync(join(folder, "model.sig"), signature);
  expect((await failureOf(signRelease(release, signal))).code).toBe("QS-INPUT-CHANGED");
  expect(readFileSync(join(folder, "model.sig")).equals(signature)).toBe(true);
});

test("for a token without a name that certificates show, no signature counts as ours", async () => {
  const named = (name: string) => ({ ...signer, identity: name });
  writeFileSync(join(folder, "model.sig"), await signatureOf(named("organization:acme:pipeline:a")));
  vi.stubEnv("SIGSTORE_ID_TOKEN", identityToken("organization:acme:pipeline:b", signer.issuer));
  const { code, message } = await failureOf(publish(true));
  expect([code, message]).toEqual(["QS-PUBLISH-FOREIGN", expect.stringContaining("is not known")]);
});

test("a signature of the same workflow at another tag is kept", async () => {
  const workflow = (tag: string) => `https://github.com/me/model/.github/workflows/release.yml@refs/tags/${tag}`;
  writeFileSync(join(folder, "model.sig"), await signatureOf({ ...signer, identity: workflow("v1") }));
  const before = sigstore.signings();
  vi.stubEnv("SIGSTORE_ID_TOKEN", identityToken(workflow("v2"), signer.issuer));
  await publish(true);
  expect((await publish(true)).done.operations).toEqual([]);
  expect(sigstore.signings()).toBe(before);
});

test.each([true, false])(
  "a signature of somebody else at the target is not taken for ours (signed before: %s)",
  async (sign) => {
    const [other] = strangers;
    if (other === undefined) throw new Error("no stranger");
    const signature = await signatureOf(other);
    await publish(sign);
    const set = [smallFile("model.sig", signature)];
    hub.repo("me/model")?.change("main", { title: "by hand", set, remove: [] });
    const before = [commits(), sigstore.signings()];
    for (const via of ["branch", "pr", "direct"] as const) {
      const { code, message } = await failureOf(publish(true, { via }));
      expect([code, message]).toEqual(["QS-PUBLISH-FOREIGN", expect.stringContaining(`signed by ${other.identity}`)]);
    }
    expect([commits(), sigstore.signings()]).toEqual(before);
    // Without signing, it is a valid signature of this release.
    if (!sign) expect((await publish(false)).done.operations).toEqual([]);
    const { report } = await publish(true, { replace: true });
    expect(report.signature).toEqual({ state: "valid", ...signer, ok: true });
    // The folder's own signature is used again.
    expect(sigstore.signings()).toBe(Number(before[1]) + (sign ? 0 : 1));
    expect((await publish(true)).done.operations).toEqual([]);
  },
);

test.each<[string, string, string]>([
  ["a file of others", "SHA256SUMS", "QS-PUBLISH-FOREIGN"],
  ["a folder with the name of the signature", "model.sig/notes.txt", "QS-PUBLISH-FOREIGN"],
  ["a model that runtimes would load instead", "another-Q4_K_M.gguf", "QS-PUBLISH-NAMES"],
])("nothing is signed for a repository with %s", async (_what, path, code) => {
  const connection = connectToWrite(hub, join(folder, "..", "hf"));
  hub.create("me/model").commit({ [path]: "by hand", "README.md": "" });
  const before = [commits(), sigstore.signings()];
  for (const via of ["branch", "pr", "direct"] as const) {
    expect((await failureOf(publishFolder(connection, folder, { sign: true, via }))).code).toBe(code);
  }
  expect([commits(), sigstore.signings(), existsSync(join(folder, "model.sig"))]).toEqual([...before, false]);
});

test("a target folder with a signature of somebody else is renamed with replace", async () => {
  const [other] = strangers;
  if (other === undefined) throw new Error("no stranger");
  const path = join(folder, "..", "target");
  const release = await releaseFiles(folder, signal);
  await publishToFolder(release, { path }, { signal });
  const signature = await signatureOf(other);
  writeFileSync(join(path, "model.sig"), signature);
  expect((await failureOf(publishToFolder(release, { path, sign: true }, { signal }))).code).toBe("QS-PUBLISH-FOREIGN");
  const target = { path, sign: true, replace: true } as const;
  await previewFolder(release, target, signal);
  const { operations } = await publishToFolder(release, target, { signal });
  expect(operations).toContainEqual({ operation: "rename", path, to: `${path}.replaced-1` });
  expect(readFileSync(join(`${path}.replaced-1`, "model.sig")).equals(signature)).toBe(true);
  expect((await verifyFolder(path, signal, undefined, signer)).ok).toBe(true);
});
