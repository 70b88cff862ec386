import { createHash } from "node:crypto";
import { once } from "node:events";
import { appendFileSync, cpSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { readStatement, renderStatement } from "../../../src/release/sign/statement.js";
import { verifyFolder } from "../../../src/release/verify/verify-folder.js";
import { publishTo } from "../../../src/stages/publish/publish.js";
import { releaseFiles } from "../../../src/stages/publish/release-files.js";
import { signRelease } from "../../../src/stages/publish/sign-release.js";
import { parseChecked, renderChecked } from "../../../src/util/checked-json.js";
import { failureOf } from "../../fixtures/failure.js";
import { identityToken, startSigstore, type TestSigstore } from "../../fixtures/sigstore.js";
import { sum, writeRelease } from "../../fixtures/small-release.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

// Test files share modules: this one has its own, so that the mock reaches them, and leaves none behind.
vi.hoisted(() => vi.resetModules());
// Without QUANTSMITH_SIGSTORE_ROOT, the trusted root is fetched over the network, which fails here.
vi.mock("@sigstore/tuf", () => ({ getTrustedRoot: () => Promise.reject(new Error("no route to host")) }));

const home = temporaryFolder();
const never = new AbortController().signal;
const identity = "https://github.com/me/models/.github/workflows/release.yml@refs/heads/main";
const issuer = "https://token.actions.githubusercontent.com";
const good = join(home, "good");
const signed = join(home, "signed");
let sigstore: TestSigstore;

beforeAll(async () => {
  sigstore = await startSigstore(home);
  await writeRelease(good);
});
afterAll(async () => {
  vi.resetModules();
  await sigstore.close();
});
beforeEach(async () => {
  for (const [name, value] of Object.entries(sigstore.env)) vi.stubEnv(name, value);
  vi.stubEnv("SIGSTORE_ID_TOKEN", identityToken(identity, issuer));
  if (existsSync(signed)) return;
  cpSync(good, signed, { recursive: true });
  await signRelease(await releaseFiles(signed, never), never);
});
afterEach(() => {
  sigstore.fail(undefined);
  sigstore.answerEntries(undefined);
  vi.unstubAllEnvs();
});

function copy(from = signed): string {
  const folder = join(mkdtempSync(join(home, "copy-")), "release");
  cpSync(from, folder, { recursive: true });
  return folder;
}

const verify = (folder: string, signer: { identity?: string; issuer?: string } = {}) =>
  verifyFolder(folder, never, undefined, signer);
const codesOf = async (folder: string, signer?: { identity?: string; issuer?: string }) =>
  (await verify(folder, signer)).problems.map(({ code }) => code);

describe("a signature", () => {
  test("is valid, and contains the signer", async () => {
    const report = await verify(signed);
    expect(report).toMatchObject({ ok: true, problems: [] });
    expect(report.signature).toEqual({ state: "valid", identity, issuer, ok: true });
    expect((await verify(signed, { identity, issuer })).ok).toBe(true);
  });

  test("is a bundle over every file but itself, in the format of model_signing", () => {
    const bundle = JSON.parse(readFileSync(join(signed, "model.sig"), "utf8"));
    expect(bundle.mediaType).toBe("application/vnd.dev.sigstore.bundle.v0.3+json");
    expect(bundle.verificationMaterial.tlogEntries[0].kindVersion).toEqual({ kind: "dsse", version: "0.0.1" });
    expect(bundle.dsseEnvelope.payloadType).toBe("application/vnd.in-toto+json");
    const statement = JSON.parse(Buffer.from(bundle.dsseEnvelope.payload, "base64").toString("utf8"));
    expect(statement.predicateType).toBe("https://model_signing/signature/v1.0");
    const { resources } = statement.predicate as { resources: { name: string; digest: string }[] };
    expect(resources.map(({ name }) => name)).toContain("release.json");
    expect(resources.map(({ name }) => name)).toContain("assets/size-kld.svg");
    expect(resources.map(({ name }) => name)).not.toContain("model.sig");
    const root = createHash("sha256");
    for (const { digest } of resources) root.update(Buffer.from(digest, "hex"));
    expect(statement.subject).toEqual([{ name: "tiny", digest: { sha256: root.digest("hex") } }]);
  });

  test("is invalid for changed files, even with new checksums", async () => {
    const folder = copy();
    appendFileSync(join(folder, "README.md"), "more");
    await sum(folder);
    const { signature, problems } = await verify(folder);
    expect(signature).toEqual({ state: "invalid", identity, issuer, ok: false });
    const found = problems.find(({ code }) => code === "QS-VERIFY-SIGNATURE");
    expect(found?.message).toContain("differs from the signed file");
    vi.stubEnv("QUANTSMITH_SIGSTORE_ROOT", "");
    expect((await verify(folder)).signature).toEqual({ state: "invalid", identity: null, issuer: null, ok: false });
  });

  test("is invalid for a release.json of another run", async () => {
    const folder = copy();
    const path = join(folder, "release.json");
    const report = parseChecked(readFileSync(path, "utf8"));
    writeFileSync(path, renderChecked({ ...report, steps: [] }));
    expect(await codesOf(folder)).toEqual(["QS-VERIFY-SIGNATURE"]);
  });

  test("is invalid after any change of itself", async () => {
    const text = readFileSync(join(signed, "model.sig"), "utf8");
    const bundle = JSON.parse(text);
    const { payload, signatures } = bundle.dsseEnvelope;
    const statement = Buffer.from(payload, "base64").toString("utf8").replace('"tiny"', '"tony"');
    const [entry] = bundle.verificationMaterial.tlogEntries;
    const flipped = Buffer.from(signatures[0].sig, "base64");
    flipped[20] = (flipped[20] ?? 0) ^ 1;
    const malformed: Record<string, string> = {
      "not JSON": text.slice(1),
      empty: "",
      "a member twice": text.replace("{", '{"dsseEnvelope":{},'),
      "not a bundle": "{}",
      "other payload type": JSON.stringify({
        ...bundle,
        dsseEnvelope: { ...bundle.dsseEnvelope, payloadType: "text/plain" },
      }),
    };
    const changes: Record<string, string> = {
      ...malformed,
      "other statement": JSON.stringify({
        ...bundle,
        dsseEnvelope: { ...bundle.dsseEnvelope, payload: Buffer.from(statement).toString("base64") },
      }),
      "other signature": JSON.stringify({
        ...bundle,
        dsseEnvelope: { ...bundle.dsseEnvelope, signatures: [{ sig: flipped.toString("base64") }] },
      }),
      "no log entry": JSON.stringify({
        ...bundle,
        verificationMaterial: { ...bundle.verificationMaterial, tlogEntries: [] },
      }),
      "other time": JSON.stringify({
        ...bundle,
        verificationMaterial: {
          ...bundle.verificationMaterial,
          tlogEntries: [{ ...entry, integratedTime: String(Number(entry.integratedTime) + 60) }],
        },
      }),
      "a key instead of a certificate": JSON.stringify({
        ...bundle,
        verificationMaterial: {
          publicKey: { hint: "mine" },
          tlogEntries: bundle.verificationMaterial.tlogEntries,
        },
      }),
    };
    const folder = copy();
    for (const [what, content] of Object.entries(changes)) {
      writeFileSync(join(folder, "model.sig"), content);
      const report = await verify(folder);
      expect([report.ok, report.signature?.state, report.signature?.identity], what).toEqual([false, "invalid", null]);
      expect(
        report.problems.map(({ code }) => code),
        what,
      ).toEqual(["QS-VERIFY-SIGNATURE"]);
    }
    // These need no trusted root.
    vi.stubEnv("QUANTSMITH_SIGSTORE_ROOT", "");
    for (const [what, content] of Object.entries(malformed)) {
      writeFileSync(join(folder, "model.sig"), content);
      expect((await verify(folder)).signature?.state, what).toBe("invalid");
    }
  });

  test("of another certificate authority is invalid", async () => {
    const other = await startSigstore(mkdtempSync(join(home, "other-")));
    vi.stubEnv("QUANTSMITH_SIGSTORE_ROOT", other.env.QUANTSMITH_SIGSTORE_ROOT);
    expect((await verify(signed)).signature).toEqual({ state: "invalid", identity: null, issuer: null, ok: false });
    await other.close();
  });

  test("of another signer than expected is invalid, by exact comparison", async () => {
    expect(await codesOf(signed, { identity: identity.replace("/me/", "/you/") })).toEqual(["QS-VERIFY-SIGNATURE"]);
    expect(await codesOf(signed, { identity: ".*" })).toEqual(["QS-VERIFY-SIGNATURE"]);
    expect(await codesOf(signed, { identity: "https://github.com/me" })).toEqual(["QS-VERIFY-SIGNATURE"]);
    expect(await codesOf(signed, { identity, issuer: "https://accounts.google.com" })).toEqual(["QS-VERIFY-SIGNATURE"]);
  });

  test("that is missing is an error only if a signer is expected", async () => {
    expect(await verify(good)).toMatchObject({ ok: true, signature: null });
    expect(await codesOf(good, { identity })).toEqual(["QS-VERIFY-SIGNATURE"]);
    expect(await codesOf(good, { issuer })).toEqual(["QS-VERIFY-SIGNATURE"]);
  });
});

describe("the trusted root", () => {
  test("that cannot be fetched leaves the signature unchecked, never valid", async () => {
    vi.stubEnv("QUANTSMITH_SIGSTORE_ROOT", "");
    const report = await verify(signed);
    expect(report.signature).toEqual({ state: "unchecked", identity: null, issuer: null, ok: false });
    expect(report.problems).toMatchObject([{ code: "QS-VERIFY-UNCHECKED", severity: "warning" }]);
    expect(report.problems[0]?.message).toContain("no route to host");
    expect(await verify(signed, { identity })).toMatchObject({
      ok: false,
      problems: [{ code: "QS-VERIFY-UNCHECKED", severity: "error" }],
    });
  });

  test("that cannot be read is an error", async () => {
    vi.stubEnv("QUANTSMITH_SIGSTORE_ROOT", join(home, "none.json"));
    expect((await failureOf(verify(signed))).code).toBe("QS-SIGN-ROOT");
  });
});

/** Starts a service and returns its address. */
async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe("signing", () => {
  test("requires an identity before anything is written", async () => {
    vi.stubEnv("SIGSTORE_ID_TOKEN", "");
    vi.stubEnv("ACTIONS_ID_TOKEN_REQUEST_URL", "");
    const target = join(home, "never");
    const folder = copy(good);
    const options = { signal: never, onProgress: () => undefined };
    const error = await failureOf(publishTo(folder, { kind: "dir", path: target, sign: true }, options));
    expect([error.code, error.exitCode, existsSync(target)]).toEqual(["QS-SIGN-IDENTITY", 4, false]);
    expect(error.remedy).toContain("id-token: write");
  });

  test("fails with an invalid token or service, without the token in the message", async () => {
    const folder = copy(good);
    vi.stubEnv("SIGSTORE_ID_TOKEN", "canary-token");
    const broken = await failureOf(signRelease(await releaseFiles(folder, never), never));
    expect([broken.code, broken.message.includes("canary")]).toEqual(["QS-SIGN-IDENTITY", false]);
    vi.stubEnv("SIGSTORE_ID_TOKEN", identityToken(identity, issuer));
    // GitHub's request token, and a token that only the service knows.
    vi.stubEnv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "canary");
    sigstore.fail(400, `no ${identityToken(identity, "fetched")} of canary`);
    const refused = await failureOf(signRelease(await releaseFiles(folder, never), never));
    expect([refused.code, refused.message]).toEqual(["QS-SIGN-SERVICE", expect.stringMatching(/no \S{1,12} of \S+$/)]);
    expect(refused.message).not.toContain("canary");
    expect(existsSync(join(folder, "model.sig"))).toBe(false);
  });

  test.each(["http://192.0.2.1", "banana", "https://me:secret@example.org"])(
    "refuses the address %s",
    async (address) => {
      vi.stubEnv("QUANTSMITH_FULCIO_URL", address);
      const error = await failureOf(signRelease(await releaseFiles(copy(good), never), never));
      expect([error.code, error.message]).toEqual([
        "QS-SIGN-ADDRESS",
        expect.stringContaining("QUANTSMITH_FULCIO_URL"),
      ]);
      expect(error.message).not.toContain("secret");
    },
  );

  test("sends the token to no other host that Fulcio names", async () => {
    const bodies: string[] = [];
    const other = await listen(async (request, response) => {
      for await (const part of request) bodies.push(String(part));
      response.end("{}");
    });
    const fulcio = await listen((_request, response) => response.writeHead(307, { location: other }).end());
    vi.stubEnv("QUANTSMITH_FULCIO_URL", fulcio);
    const error = await failureOf(signRelease(await releaseFiles(copy(good), never), never));
    expect([error.code, error.message]).toEqual(["QS-SIGN-SERVICE", expect.stringContaining("Fulcio answers 307")]);
    expect(bodies).toEqual([]);
  });

  test("writes no answer of Rekor that is not a valid signature", async () => {
    const entry = { uuid: { body: "e30=", integratedTime: -1, logID: "zz", logIndex: 1e99, verification: {} } };
    sigstore.answerEntries(JSON.stringify(entry));
    const folder = copy(good);
    const error = await failureOf(signRelease(await releaseFiles(folder, never), never));
    expect([error.code, existsSync(join(folder, "model.sig"))]).toEqual(["QS-SIGN-SERVICE", false]);
  });

  test.each(["QUANTSMITH_FULCIO_URL", "QUANTSMITH_REKOR_URL"])("is interrupted while %s is silent", async (service) => {
    const stop = new AbortController();
    vi.stubEnv(service, await listen(() => stop.abort(new Error("interrupted"))));
    await expect(signRelease(await releaseFiles(copy(good), never), stop.signal)).rejects.toThrow("interrupted");
  });

  test("goes on after a kill that left a part of the signature", async () => {
    const folder = copy(good);
    writeFileSync(join(folder, `.model.sig.99999999.${"0".repeat(32)}`), "{");
    const options = { signal: never, onProgress: () => undefined };
    await publishTo(folder, { kind: "dir", path: join(home, "continued"), sign: true }, options);
    expect((await verify(folder)).ok).toBe(true);
  });

  test("runs once, and the signature is copied with the release", async () => {
    const folder = copy(good);
    const target = join(home, "target");
    const options = { signal: never, onProgress: () => undefined };
    const before = sigstore.signings();
    for (const _round of [1, 2]) await publishTo(folder, { kind: "dir", path: target, sign: true }, options);
    expect(sigstore.signings()).toBe(before + 1);
    expect((await verify(target, { identity, issuer })).ok).toBe(true);
  });

  test("does not publish a release with an invalid signature", async () => {
    const folder = copy();
    writeFileSync(join(folder, "model.sig"), "{}");
    expect((await failureOf(releaseFiles(folder, never))).message).toContain("QS-VERIFY-SIGNATURE");
  });
});

test("a statement is parsed as written, and rejected if it contradicts itself", () => {
  const digest = (letter: string) => letter.repeat(64);
  const files = new Map([
    ["a-b.txt", digest("1")],
    ["a/b.txt", digest("2")],
    ["B.gguf", digest("3")],
  ]);
  const text = renderStatement("tiny", files);
  expect(readStatement(text)).toEqual(files);
  // Paths are compared by component: `a/b.txt` sorts before `a-b.txt`.
  expect([...text.matchAll(/"name":"([^"]+\.\w+)"/g)].map(([, name]) => name)).toEqual([
    "B.gguf",
    "a/b.txt",
    "a-b.txt",
  ]);
  expect(readStatement(text.replace(digest("2"), digest("4")))).toContain("contradicts");
  expect(readStatement(text.replace("signature/v1.0", "signature/v9"))).toContain("signature/v1.0");
  expect(readStatement("[")).toContain("JSON");
});
