import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { RunReport } from "../../../src/release/release-report.js";
import { verifyFolder } from "../../../src/release/verify/verify-folder.js";
import type { VerifyReport } from "../../../src/release/verify/verify-report.js";
import { checkRelease } from "../../../src/stages/publish/check-release.js";
import { releaseFiles } from "../../../src/stages/publish/release-files.js";
import { listFiles } from "../../../src/util/files.js";
import { put } from "../../fixtures/cli.js";
import { failureOf } from "../../fixtures/failure.js";
import { seal, smallModel, sum, writeRelease } from "../../fixtures/small-release.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

const home = temporaryFolder();
const good = join(home, "good");
const never = new AbortController().signal;
let copies = 0;

beforeAll(async () => {
  await writeRelease(good);
});

function copy(): string {
  const folder = join(home, `copy-${++copies}`);
  cpSync(good, folder, { recursive: true });
  return folder;
}

/** Edits only `release.json`. */
function edit(folder: string, change: (report: RunReport) => void): RunReport {
  const path = join(folder, "release.json");
  const { checksum, ...report } = JSON.parse(readFileSync(path, "utf8")) as RunReport & { checksum: string };
  change(report);
  writeFileSync(path, `${JSON.stringify({ ...report, checksum }, null, 2)}\n`);
  return report;
}

function first(report: RunReport): RunReport["variants"][number] {
  const [variant] = report.variants;
  if (variant === undefined) throw new Error("the release has no variant");
  return variant;
}

const errors = ({ problems }: VerifyReport) => problems.filter(({ severity }) => severity === "error");
const codes = (report: VerifyReport) => [...new Set(errors(report).map(({ code }) => code))].toSorted();
const named = (report: VerifyReport) => new Set(errors(report).map(({ file }) => file));

test("a release of a device is valid", async () => {
  const folder = copy();
  const compute = { backend: "cuda", device: "NVIDIA H200", driver: "580.1", gpuLayers: 33 };
  await seal(
    folder,
    edit(folder, (report) => Object.assign(report, { compute })),
  );
  expect((await verifyFolder(folder, never)).problems).toEqual([]);
  edit(folder, (report) => Object.assign(report, { compute: { ...compute, device: "another" } }));
  expect((await verifyFolder(folder, never)).ok).toBe(false);
});

test("a valid release has no problems, and all files are listed", async () => {
  const report = await verifyFolder(good, never);
  expect(report).toMatchObject({ ok: true, release: good, problems: [] });
  expect(report.files.map(({ path }) => path)).toEqual(await listFiles(good));
  expect(report.files.find(({ path }) => path === "tiny-Q8_0.gguf")).toMatchObject({
    ok: true,
    label: "Q8_0",
    types: { Q8_0: 2, F32: 1 },
  });
  expect(report.resolutions).toContainEqual({
    runtime: "ollama",
    reference: "hf.co/org/name:Q8_0",
    file: "tiny-Q8_0.gguf",
    downloads: ["tiny-Q8_0.gguf"],
  });
});

describe("each file", () => {
  test("with a flipped byte is reported", async () => {
    for (const path of await listFiles(good)) {
      const folder = copy();
      const content = readFileSync(join(folder, path));
      content[content.length >> 1] = (content[content.length >> 1] ?? 0) ^ 1;
      writeFileSync(join(folder, path), content);
      const report = await verifyFolder(folder, never);
      expect(report.ok, path).toBe(false);
      // A wrong digest in SHA256SUMS is indistinguishable from a wrong file.
      if (path !== "SHA256SUMS") expect(named(report), path).toContain(path);
      expect(report.files.filter(({ ok }) => !ok).length, path).toBeGreaterThan(0);
    }
  });

  test("that is missing is reported", async () => {
    for (const path of await listFiles(good)) {
      const folder = copy();
      rmSync(join(folder, path));
      const report = await verifyFolder(folder, never);
      if (path === "SHA256SUMS") expect(codes(report)).toEqual(["QS-VERIFY-SUMS"]);
      else expect(named(report), path).toContain(path);
    }
  });

  test("under another name is reported", async () => {
    for (const path of await listFiles(good)) {
      const folder = copy();
      renameSync(join(folder, path), join(folder, `${path}.txt`));
      expect(named(await verifyFolder(folder, never)), path).toContain(path);
    }
  });
});

describe("one fault gives one error with a remedy", () => {
  test.each([
    ["a flipped byte", (path: string) => writeFileSync(path, smallModel("Q8_0", 5)), "QS-VERIFY-HASH", "Download"],
    [
      "a truncated file",
      (path: string) => writeFileSync(path, readFileSync(path).subarray(0, -64)),
      "QS-VERIFY-HASH",
      "",
    ],
    ["a missing file", (path: string) => rmSync(path), "QS-VERIFY-MISSING", "Download the file again"],
    ["an extra model", (path: string) => cpSync(path, `${path}.Q8_0.gguf`), "QS-VERIFY-EXTRA", "Remove the file."],
  ])("%s", async (_what, damage, code, remedy) => {
    for (const file of ["tiny-Q8_0.gguf", "tiny-Q4_K_M.gguf"]) {
      const folder = copy();
      damage(join(folder, file));
      const found = (await verifyFolder(folder, never)).problems;
      expect(found).toEqual([expect.objectContaining({ code, remedy: expect.stringContaining(remedy) })]);
    }
  });

  test.each(["provenance.intoto.json", "recipe.lock.yaml"])("%s with other content", async (file) => {
    const folder = copy();
    writeFileSync(join(folder, file), "{}\n");
    const found = errors(await verifyFolder(folder, never));
    expect(found.map((problem) => [problem.code, problem.file])).toEqual([["QS-VERIFY-HASH", file]]);
  });
});

/** Names that a runtime, a browser or a person opens; none is in the provenance. */
const added = ["install.sh", "index.html", "config.json", "system", "assets/more.svg", "tiny-Q6_K.txt"];

test.each(added)("%s with a line in SHA256SUMS is no file of the release, and is not published", async (path) => {
  const folder = copy();
  put(join(folder, path), "added");
  await sum(folder);
  const found = errors(await verifyFolder(folder, never));
  expect(found.map((problem) => [problem.code, problem.file])).toEqual([["QS-VERIFY-PROVENANCE", path]]);
  expect(found[0]?.message).toContain(`${path} is not an output of the run`);
  expect((await failureOf(checkRelease(folder, never))).code).toBe("QS-PUBLISH-RELEASE");
});

test.each(["model.sig", "SHA256SUMS", "release.json", "extra"])("publishing does not read 1 TB as %s", async (file) => {
  const folder = copy();
  writeFileSync(join(folder, file), "", { flag: "a" });
  truncateSync(join(folder, file), 2 ** 40);
  expect((await failureOf(releaseFiles(folder, never))).code).toBe("QS-PUBLISH-RELEASE");
});

describe("an entry that is not a regular file", () => {
  test.each<[string, (path: string) => unknown, string]>([
    ["a pipe", (path) => execFileSync("mkfifo", [path]), "not a regular file"],
    ["a link to a folder", (path) => symlinkSync(home, path), "a link to a folder"],
    ["a broken link", (path) => symlinkSync("nothing", path), "a broken link"],
  ])("%s is reported and never opened", async (_what, make, message) => {
    for (const file of ["extra", "SHA256SUMS", "README.md", "tiny-Q8_0.gguf", "release.json"]) {
      const folder = copy();
      rmSync(join(folder, file), { force: true });
      make(join(folder, file));
      const report = await verifyFolder(folder, never);
      const named = errors(report).filter((problem) => problem.file === file);
      expect(named.map(({ code }) => code)).toEqual(["QS-VERIFY-FILE"]);
      expect(named[0]?.message).toBe(`${file} is ${message}`);
      expect((await failureOf(releaseFiles(folder, never))).code).toBe("QS-PUBLISH-RELEASE");
      expect((await failureOf(checkRelease(folder, never))).code).toBe("QS-PUBLISH-RELEASE");
    }
  });

  test.each([
    ["a GGUF file", "tiny-Q8_0.gguf", "tiny-Q8_0.gguf"],
    ["a file of a Hugging Face cache", "README.md", `models--org--name/blobs/${"0".repeat(64)}`],
  ])("a link to %s outside the folder counts as that file, with a warning", async (_, path, target) => {
    const folder = copy();
    const moved = join(temporaryFolder(), target);
    mkdirSync(dirname(moved), { recursive: true });
    renameSync(join(folder, path), moved);
    symlinkSync(moved, join(folder, path));
    const report = await verifyFolder(folder, never);
    expect(report).toMatchObject({ ok: true, problems: [{ code: "QS-VERIFY-FILE", severity: "warning" }] });
  });

  test.each(["SHA256SUMS", "release.json", "model.sig", "README.md"])(
    "a link at %s to another file outside is not read",
    async (path) => {
      const folder = copy();
      const secret = join(temporaryFolder(), "netrc");
      put(secret, "machine host\nlogin me\npassword s3cr3t\n");
      rmSync(join(folder, path), { force: true });
      symlinkSync(secret, join(folder, path));
      const report = await verifyFolder(folder, never);
      expect(report.ok).toBe(false);
      expect(report.problems).toContainEqual(
        expect.objectContaining({ code: "QS-VERIFY-FILE", severity: "error", file: path }),
      );
      expect(JSON.stringify(report)).not.toMatch(/s3cr3t|login me/);
    },
  );

  test("what the system left behind is no part of a release", async () => {
    const folder = copy();
    for (const name of ["._tiny-Q8_0.gguf", "Thumbs.db", "assets/desktop.ini", "__MACOSX/x.gguf"]) {
      mkdirSync(join(folder, name, ".."), { recursive: true });
      put(join(folder, name), "x");
    }
    expect(await verifyFolder(folder, never)).toMatchObject({ ok: true, problems: [] });
    expect((await releaseFiles(folder, never)).files).toHaveLength((await listFiles(good)).length);
  });

  test("a model among the housekeeping files of git and others is reported", async () => {
    for (const place of [".git", join(".cache", "huggingface")]) {
      const folder = copy();
      mkdirSync(join(folder, place), { recursive: true });
      put(join(folder, place, ".DS_Store"), "x");
      execFileSync("mkfifo", [join(folder, place, "pipe")]);
      expect(await verifyFolder(folder, never)).toMatchObject({ ok: true, problems: [] });
      cpSync(join(folder, "tiny-Q8_0.gguf"), join(folder, place, "older-Q8_0.gguf"));
      expect(codes(await verifyFolder(folder, never))).toEqual(["QS-VERIFY-EXTRA"]);
    }
  });
});

test("checksums with the line ends of Windows give one error, and the files are still compared", async () => {
  const folder = copy();
  const sums = readFileSync(join(folder, "SHA256SUMS"), "utf8");
  put(join(folder, "SHA256SUMS"), `\ufeff${sums.replaceAll("\n", "\r\n")}`);
  const { problems } = await verifyFolder(folder, never);
  expect(problems).toEqual([expect.objectContaining({ code: "QS-VERIFY-SUMS", file: "SHA256SUMS" })]);
  expect(problems[0]?.message).toContain("line ends");
  put(join(folder, "README.md"), "# other\n");
  expect(codes(await verifyFolder(folder, never))).toEqual(["QS-VERIFY-HASH", "QS-VERIFY-SUMS"]);
});

test("a folder that is not a release, and a file, give one error", async () => {
  const folder = join(home, "no-release");
  put(join(folder, "tiny-Q8_0.gguf"), "x");
  expect(await failureOf(verifyFolder(folder, never))).toMatchObject({ code: "QS-VERIFY-TARGET" });
  const file = await failureOf(verifyFolder(join(folder, "tiny-Q8_0.gguf"), never));
  expect(file.message).toContain("is a file, not a release folder");
});

test("swapped models are reported with the name of their content", async () => {
  const folder = copy();
  renameSync(join(folder, "tiny-Q8_0.gguf"), join(folder, "x"));
  renameSync(join(folder, "tiny-Q4_K_M.gguf"), join(folder, "tiny-Q8_0.gguf"));
  renameSync(join(folder, "x"), join(folder, "tiny-Q4_K_M.gguf"));
  const report = await verifyFolder(folder, never);
  const messages = errors(report).map(({ message }) => message);
  expect(messages).toContain("tiny-Q8_0.gguf does not match SHA256SUMS: its content is that of tiny-Q4_K_M.gguf");
  // Also with recomputed checksums.
  await sum(folder);
  const resummed = await verifyFolder(folder, never);
  expect(codes(resummed)).toEqual(["QS-VERIFY-FIGURE", "QS-VERIFY-PROVENANCE"]);
  expect(errors(resummed).map(({ message }) => message)).toContainEqual(
    expect.stringContaining("types 1 × F32, 2 × Q4_K instead of"),
  );
});

test.each([
  ["the gate", (report: RunReport) => Object.assign(first(report), { gate: "failed" }), "QS-VERIFY-GATE"],
  ["the reasons", (report: RunReport) => first(report).reasons.push("kldMean is too high"), "QS-VERIFY-GATE"],
  ["smoke tests", (report: RunReport) => Object.assign(first(report).smoke ?? {}, { failed: 1 }), "QS-VERIFY-GATE"],
  [
    "a figure above its limit",
    (report: RunReport) => Object.assign(first(report).quality ?? {}, { kldMean: 0.2 }),
    "QS-VERIFY-GATE",
  ],
  [
    "no metrics, despite a limit",
    (report: RunReport) => Object.assign(first(report), { quality: null }),
    "QS-VERIFY-GATE",
  ],
  [
    "a better figure",
    (report: RunReport) => Object.assign(first(report).quality ?? {}, { kldMean: 0.001 }),
    "QS-VERIFY-EDITED",
  ],
  ["bytes", (report: RunReport) => Object.assign(first(report), { bytes: 1 }), "QS-VERIFY-FIGURE"],
  ["bits per weight", (report: RunReport) => Object.assign(first(report), { bitsPerWeight: 4.5 }), "QS-VERIFY-FIGURE"],
  ["types", (report: RunReport) => Object.assign(first(report), { types: { Q4_K: 3 } }), "QS-VERIFY-FIGURE"],
  ["the digest", (report: RunReport) => Object.assign(first(report), { sha256: "0".repeat(64) }), "QS-VERIFY-FIGURE"],
  ["parameters", (report: RunReport) => Object.assign(report.model, { parameters: 7 }), "QS-VERIFY-FIGURE"],
  ["the name", (report: RunReport) => Object.assign(first(report), { name: "Q6_K" }), "QS-VERIFY-VARIANT"],
  ["a missing variant", (report: RunReport) => report.variants.shift(), "QS-VERIFY-VARIANT"],
  ["the toolchain", (report: RunReport) => Object.assign(report.toolchain, { llamaCpp: "v9" }), "QS-VERIFY-EDITED"],
  ["a step's time", (report: RunReport) => Object.assign(report.steps[0] ?? {}, { seconds: 0.1 }), "QS-VERIFY-EDITED"],
  [
    "the speed",
    (report: RunReport) => Object.assign(first(report).smoke?.speed ?? {}, { tokensPerSecond: 900 }),
    "QS-VERIFY-EDITED",
  ],
  ["no variants", (report: RunReport) => report.variants.splice(0), "QS-VERIFY-REPORT"],
])("release.json edited in %s", async (_what, change, code) => {
  const folder = copy();
  edit(folder, change);
  const report = await verifyFolder(folder, never);
  expect(codes(report)).toContain(code);
  // Every edit changes the checksum.
  if (code !== "QS-VERIFY-REPORT") expect(codes(report)).toContain("QS-VERIFY-EDITED");
});

test("every changed byte of release.json is detected", async () => {
  const folder = copy();
  const path = join(folder, "release.json");
  const text = readFileSync(path);
  for (let position = 0; position < text.length; position += 37) {
    const changed = Buffer.from(text);
    changed[position] = (changed[position] ?? 0) ^ 1;
    writeFileSync(path, changed);
    expect((await verifyFolder(folder, never)).ok, `byte ${position}`).toBe(false);
  }
});

test.each([
  ["a member twice", '"gate": "failed",', '"gate" twice'],
  ["an escaped member twice", '"g\\u0061te": "failed",', '"gate" twice'],
  ["a prototype", '"__proto__": {},', '"__proto__"'],
])("release.json with %s is invalid", async (_what, member, found) => {
  const folder = copy();
  const path = join(folder, "release.json");
  writeFileSync(path, readFileSync(path, "utf8").replace('"gate": "passed"', `${member} "gate": "passed"`));
  const report = await verifyFolder(folder, never);
  expect(codes(report)).toEqual(["QS-VERIFY-REPORT"]);
  expect(errors(report)[0]?.message).toContain(found);
});

test("an edited release.json with the checksum removed is invalid", async () => {
  const folder = copy();
  const path = join(folder, "release.json");
  const { checksum: _checksum, ...report } = JSON.parse(readFileSync(path, "utf8"));
  writeFileSync(path, JSON.stringify({ ...report, steps: [] }));
  expect(codes(await verifyFolder(folder, never))).toEqual(["QS-VERIFY-REPORT"]);
});

test("a file of terabytes without content is refused by its size", async () => {
  const folder = copy();
  const tebibyte = 2 ** 40;
  put(join(folder, "notes.txt"), "");
  for (const file of ["tiny-Q8_0.gguf", "tiny-imatrix.gguf", "README.md", "notes.txt"]) {
    truncateSync(join(folder, file), tebibyte);
  }
  const hashed: string[] = [];
  const report = await verifyFolder(folder, never, (path) => hashed.push(path));
  expect(errors(report).map(({ code, file }) => [code, file])).toEqual([
    ["QS-VERIFY-FILE", "README.md"],
    ["QS-VERIFY-FILE", "notes.txt"],
    ["QS-VERIFY-FILE", "tiny-Q8_0.gguf"],
    ["QS-VERIFY-FILE", "tiny-imatrix.gguf"],
  ]);
  expect(hashed).toContain("tiny-Q4_K_M.gguf");
  expect(hashed).not.toContain("tiny-Q8_0.gguf");
});

describe("a failed variant added by hand", () => {
  const add = async (folder: string, change: (variant: RunReport["variants"][number]) => void) => {
    writeFileSync(join(folder, "tiny-Q3_K_M.gguf"), smallModel("Q3_K_M", 9));
    const whole = await writeRelease(join(home, `whole-${++copies}`), ["Q8_0", "Q3_K_M"]);
    const [, variant] = (JSON.parse(readFileSync(join(whole, "release.json"), "utf8")) as RunReport).variants;
    cpSync(join(whole, "tiny-Q3_K_M.gguf"), join(folder, "tiny-Q3_K_M.gguf"));
    if (variant === undefined) throw new Error("no variant");
    change(variant);
    const report = edit(folder, ({ variants }) => variants.push(variant));
    await sum(folder);
    return report;
  };
  const naming = (report: VerifyReport) => errors(report).filter(({ message }) => message.includes("Q3_K_M"));

  test("with its verdict is reported", async () => {
    const folder = copy();
    await add(folder, (variant) => Object.assign(variant, { gate: "failed", reasons: ["kldMean is too high"] }));
    expect(naming(await verifyFolder(folder, never)).map(({ code }) => code)).toContain("QS-VERIFY-GATE");
  });

  test("as passed, with its figures, is reported", async () => {
    const folder = copy();
    await add(folder, (variant) => Object.assign(variant.quality ?? {}, { kldMean: 0.2 }));
    const [problem] = naming(await verifyFolder(folder, never));
    expect(problem).toMatchObject({ code: "QS-VERIFY-GATE" });
    expect(problem?.message).toContain("kldMean 0.2 is above the maximum 0.05");
  });

  test("as passed, with invented figures, is missing from the provenance, tensors.json and the bill of materials", async () => {
    const folder = copy();
    await add(folder, () => undefined);
    const report = await verifyFolder(folder, never);
    expect(codes(report)).toEqual(["QS-VERIFY-EDITED", "QS-VERIFY-FIGURE", "QS-VERIFY-PROVENANCE"]);
    expect(naming(report).map(({ file }) => file)).toEqual(["tiny-Q3_K_M.gguf", "tensors.json", "bom.cdx.json"]);
  });

  test("only as a file is reported", async () => {
    const folder = copy();
    writeFileSync(join(folder, "tiny-Q3_K_M.gguf"), smallModel("Q3_K_M", 9));
    expect(codes(await verifyFolder(folder, never))).toEqual(["QS-VERIFY-EXTRA"]);
  });
});

test("a damaged header is reported, also with recomputed digests", async () => {
  const folder = copy();
  const path = join(folder, "tiny-Q8_0.gguf");
  writeFileSync(path, readFileSync(path).subarray(0, -64));
  const report = edit(folder, () => undefined);
  await seal(folder, report);
  expect(codes(await verifyFolder(folder, never))).toContain("QS-VERIFY-HEADER");
});

test("file names that a runtime resolves to another file are errors", async () => {
  const folder = copy();
  writeFileSync(join(folder, "preset.ini"), "[x]\n");
  const report = edit(folder, () => undefined);
  await seal(folder, report);
  expect(codes(await verifyFolder(folder, never))).toEqual(["QS-RESOLVE-PRESET"]);
});

test("a release downloaded with git or the Hugging Face client is valid", async () => {
  const folder = copy();
  put(join(folder, ".gitattributes"), "*.gguf filter=lfs\n");
  put(join(folder, ".git", "HEAD"), "ref: refs/heads/main\n");
  put(join(folder, ".cache", "huggingface", "download", "README.md.metadata"), "1\n");
  expect(await verifyFolder(folder, never)).toMatchObject({ ok: true, problems: [] });
  put(join(folder, ".hidden"), "x");
  expect(named(await verifyFolder(folder, never))).toEqual(new Set([".hidden"]));
});

test("a release without provenance, and a missing folder, give errors", async () => {
  const folder = copy();
  rmSync(join(folder, "provenance.intoto.json"));
  await sum(folder);
  const report = await verifyFolder(folder, never);
  expect([report.ok, report.problems.map(({ code, severity }) => [code, severity])]).toEqual([
    false,
    [["QS-VERIFY-PROVENANCE", "error"]],
  ]);
  expect(await failureOf(verifyFolder(join(home, "none"), never))).toMatchObject({ code: "QS-VERIFY-TARGET" });
});

test("names of thousands of models are not resolved, which would not end", async () => {
  const listed = copy();
  await seal(
    listed,
    edit(listed, (report) => {
      const variant = first(report);
      report.variants = Array.from({ length: 1001 }, (_, index) => ({ ...variant, name: `V${index}` }));
    }),
  );
  expect(codes(await verifyFolder(listed, never))).toEqual(["QS-VERIFY-REPORT"]);
  const present = copy();
  for (let index = 0; index < 1000; index++) put(join(present, `m-Q${index}.gguf`), "");
  const { problems, resolutions } = await verifyFolder(present, never);
  expect([problems.some(({ code }) => code === "QS-VERIFY-UNCHECKED"), resolutions]).toEqual([true, []]);
});
