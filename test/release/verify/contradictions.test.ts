import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { RunReport, VariantReport } from "../../../src/release/release-report.js";
import { verifyFolder } from "../../../src/release/verify/verify-folder.js";
import { parseChecked } from "../../../src/util/checked-json.js";
import { sha256 } from "../../../src/util/sha256.js";
import { seal, smallSplits, sum, writeRelease } from "../../fixtures/small-release.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

/* Releases of a stranger whose checksums, provenance and digests are all recomputed, but whose claims differ. */

const home = temporaryFolder();
const good = join(home, "good");
let copies = 0;

beforeAll(async () => {
  await writeRelease(good);
});

/** A release of the fixture, as the edits of its copy get it. */
interface Copy {
  folder: string;
  report: RunReport;
  /** The first variant, `Q8_0`. */
  variant: VariantReport;
  /** Replaces a text in a file. */
  replace: (file: string, from: string, to: string) => void;
}

/** Edits a copy and seals it. Returns its problems, `CODE file: message`, without the warnings about names. */
async function problems(
  edit: (copy: Copy) => void,
  sealed: { source?: object; locked?: unknown; keepsBom?: boolean } = {},
): Promise<string[]> {
  const folder = join(home, `copy-${++copies}`);
  cpSync(good, folder, { recursive: true });
  const report = parseChecked(readFileSync(join(folder, "release.json"), "utf8")) as RunReport;
  const [variant] = report.variants;
  if (variant === undefined) throw new Error("the release has no variants");
  const replace = (file: string, from: string, to: string) => {
    const text = readFileSync(join(folder, file), "utf8");
    expect(text).toContain(from);
    writeFileSync(join(folder, file), text.replaceAll(from, to));
  };
  edit({ folder, report, variant, replace });
  await seal(folder, report, sealed);
  const found = await verifyFolder(folder, new AbortController().signal);
  const own = found.problems.filter(({ code }) => !code.startsWith("QS-RESOLVE-"));
  return own.map(({ code, file, message }) => `${code} ${file}: ${message}`);
}

test("a release without contradictions is valid, also with fields of later versions", async () => {
  expect(await problems(() => undefined)).toEqual([]);
  const later = { later: { a: [1] } };
  const edit = ({ report, variant }: Copy) => {
    for (const part of [report, report.model, variant, variant.quality, variant.smoke])
      Object.assign(part ?? {}, later);
  };
  expect(await problems(edit)).toEqual([]);
});

describe("a split variant", () => {
  /** Replaces the file of the first variant by its splits. */
  const split = ({ folder, variant }: Copy) => {
    rmSync(join(folder, variant.file));
    const parts = smallSplits("Q8_0", 0).map((content, index) => {
      const file = `tiny-Q8_0-0000${index + 1}-of-00002.gguf`;
      writeFileSync(join(folder, file), content);
      return { file, bytes: content.length, sha256: sha256(content) };
    });
    Object.assign(variant, { parts, file: parts[0]?.file, sha256: parts[0]?.sha256 });
  };

  test("is valid", async () => {
    expect(await problems(split)).toEqual([]);
  });

  test.each<[string, (variant: VariantReport) => unknown, string]>([
    ["another size", (variant) => Object.assign(variant, { bytes: 1000 }), "bytes of all parts"],
    ["other types", (variant) => Object.assign(variant, { types: { Q2_K: 3 } }), "types 1 × F32, 2 × Q8_0 instead of"],
    ["other bits per weight", (variant) => Object.assign(variant, { bitsPerWeight: 1 }), "bits per weight"],
    ["another digest", (variant) => Object.assign(variant, { sha256: "0".repeat(64) }), "sha256"],
    ["a digest of a part", (variant) => Object.assign(variant.parts?.[1] ?? {}, { sha256: "0".repeat(64) }), "sha256"],
    ["a missing part", (variant) => Object.assign(variant, { parts: variant.parts?.slice(0, 1) }), "1 parts in"],
    ["another order", (variant) => Object.assign(variant, { parts: variant.parts?.toReversed() }), "2 parts in"],
    [
      "a small budget",
      (variant) => Object.assign(variant, { allocation: { budgetBytes: 1000, predictedKld: null, boundGap: 0 } }),
      "exceeds the budget",
    ],
  ])("with %s is reported", async (_what, change, message) => {
    const found = await problems((copy) => {
      split(copy);
      change(copy.variant);
    });
    expect(found).toContainEqual(expect.stringMatching(new RegExp(`^QS-VERIFY-FIGURE .*${message}`)));
  });

  test("of a single file that names itself as its part has the figures of that file", async () => {
    const [problem, ...more] = await problems(({ variant }) => {
      const { file, bytes, sha256: digest } = variant;
      const parts = [{ file, bytes, sha256: digest }];
      Object.assign(variant, { parts, bytes: 1000, bitsPerWeight: 1, types: { Q2_K: 5 }, sha256: "0".repeat(64) });
    });
    for (const what of ["sha256", "types", "bits per weight", "bytes of all parts"]) expect(problem).toContain(what);
    expect(more).toEqual([]);
  });
});

test.each<[string, (copy: Copy) => unknown]>([
  ["parts that are no list", ({ variant }) => Object.assign(variant, { parts: 5 })],
  ["parts that are null", ({ variant }) => Object.assign(variant, { parts: [null] })],
  ["no parts", ({ variant }) => Object.assign(variant, { parts: [] })],
  ["unreleased variants that are no list", ({ report }) => Object.assign(report, { unreleased: 5 })],
  ["an unreleased variant that is null", ({ report }) => Object.assign(report, { unreleased: [null] })],
  ["no commit", ({ report }) => Object.assign(report.model, { commit: undefined })],
  ["no tools", ({ report }) => Object.assign(report, { toolchain: null })],
  ["categories that are no mapping", ({ variant }) => Object.assign(variant.quality ?? {}, { categories: 5 })],
  ["answers that are no list", ({ variant }) => Object.assign(variant.smoke ?? {}, { answers: 5 })],
  ["a budget without bytes", ({ variant }) => Object.assign(variant, { allocation: {} })],
])("release.json with %s is invalid", async (_what, edit) => {
  const folder = join(home, `copy-${++copies}`);
  cpSync(good, folder, { recursive: true });
  const report = JSON.parse(readFileSync(join(folder, "release.json"), "utf8"));
  edit({ folder, report, variant: report.variants[0], replace: () => undefined });
  writeFileSync(join(folder, "release.json"), JSON.stringify(report));
  const found = await verifyFolder(folder, new AbortController().signal);
  expect(found.problems.map(({ code }) => code)).toEqual(["QS-VERIFY-REPORT"]);
});

describe("a smoke test", () => {
  const answer = { prompt: "2 + 2?", answer: "4", stopReason: "eogToken", failures: [], skipped: [] };
  const smoke = (fields: object) => (copy: Copy) => Object.assign(copy.variant.smoke ?? {}, fields);

  test("with as many passed prompts as answers is valid; skipped ones do not count", async () => {
    expect(await problems(smoke({ passed: 1, answers: [answer, { ...answer, skipped: ["`matches`"] }] }))).toEqual([]);
  });

  test.each([
    ["a crash", { problem: "it crashed" }, "smoke test: it crashed"],
    ["a failed answer", { passed: 0, answers: [{ ...answer, failures: ["no 5"] }] }, "it failed 1 smoke tests"],
    ["more passed prompts", { passed: 50, answers: [answer] }, "1 of its answers pass the smoke tests instead of 50"],
  ])("with %s did not pass", async (_what, fields, why) => {
    expect(await problems(smoke(fields))).toEqual([
      `QS-VERIFY-GATE release.json: the variant Q8_0 did not pass: ${why}`,
    ]);
  });
});

test.each(["bom.cdx.json", "hardware-compatibility.json", "README.md"])(
  "%s missing together with its lines in the lists is reported",
  async (file) => {
    expect(await problems(({ folder }) => rmSync(join(folder, file)), { keepsBom: true })).toEqual([
      `QS-VERIFY-MISSING ${file}: ${file} is missing, or not listed in SHA256SUMS: every release has one`,
    ]);
  },
);

describe("a perplexity ratio", () => {
  test.each<[string, (variant: VariantReport) => unknown]>([
    ["Q8_0", ({ quality }) => Object.assign(quality ?? {}, { perplexityRatio: 1 })],
    ["Q8_0", ({ quality }) => Object.assign(quality ?? {}, { basePerplexity: 5 })],
    ["Q8_0", ({ quality }) => Object.assign(quality ?? {}, { basePerplexity: 0 })],
    [
      "Q8_0, code",
      ({ quality }) => Object.assign(quality ?? {}, { categories: { code: { ...quality, perplexity: 10 } } }),
    ],
    [
      "Q8_0, Q8_0",
      (variant) => {
        const { name, bytes, bitsPerWeight, quality } = variant;
        variant.comparator = { preset: name, bytes, bitsPerWeight, quality: { ...quality, perplexity: 10 } as never };
      },
    ],
  ])("of %s that its perplexities do not have is reported", async (of, edit) => {
    const found = await problems(({ variant }) => {
      edit(variant);
    });
    expect(found).toEqual([
      expect.stringContaining(`QS-VERIFY-FIGURE release.json: the perplexity ratio of ${of} is 1`),
    ]);
  });
});

describe("the lock file", () => {
  test("with smoke prompts of a variant without a smoke test is reported", async () => {
    const untested = (smoke: string) =>
      problems(({ variant, replace }) => {
        replace("recipe.lock.yaml", "gates:", `smoke: ${smoke}\ngates:`);
        variant.smoke = null;
      });
    expect(await untested("[]")).toEqual([]);
    expect(await untested("[{ prompt: 2 + 2? }]")).toEqual([
      "QS-VERIFY-GATE release.json: the variant Q8_0 did not pass: it was not smoke-tested, although the lock file has prompts",
    ]);
  });

  test("missing from a release is an error", async () => {
    const missing = await problems(({ folder }) => rmSync(join(folder, "recipe.lock.yaml")));
    expect(missing).toEqual([expect.stringContaining("QS-VERIFY-GATE recipe.lock.yaml: recipe.lock.yaml is missing")]);
  });

  test("of another model, source or commit is reported", async () => {
    const other = "model: { name: other, source: hf:org/other, commit: 1a }";
    const found = await problems(({ replace }) =>
      replace("recipe.lock.yaml", "model: { name: tiny, source: local folder, commit: null }", other),
    );
    expect(found).toEqual([
      "QS-VERIFY-FIGURE recipe.lock.yaml: recipe.lock.yaml has the model other instead of tiny in release.json",
      "QS-VERIFY-FIGURE recipe.lock.yaml: recipe.lock.yaml has the source hf:org/other instead of local folder in release.json",
      "QS-VERIFY-FIGURE recipe.lock.yaml: recipe.lock.yaml has the commit 1a instead of null in release.json",
    ]);
  });
});

test.each([
  ["source", { source: { source: "hf:org/other" } }, "has the source hf:org/other instead of local folder"],
  ["commit", { source: { revision: "1a" } }, "has the commit 1a instead of null"],
  [
    "command",
    { source: { command: "quantsmith run other.yaml; rm -r /" } },
    "has the command quantsmith run other.yaml; rm -r / instead of quantsmith run tiny.yaml --locked recipe.lock.yaml",
  ],
  ["lock file", { locked: { version: 1, gates: {} } }, "has another lock file than recipe.lock.yaml"],
])("a provenance of another %s is reported", async (_what, sealed, message) => {
  expect(await problems(() => undefined, sealed)).toEqual([
    expect.stringContaining(`QS-VERIFY-PROVENANCE provenance.intoto.json: the provenance ${message}`),
  ]);
});

test("a provenance with an infinite number in its lock file is reported", async () => {
  const folder = join(home, `copy-${++copies}`);
  cpSync(good, folder, { recursive: true });
  const path = join(folder, "provenance.intoto.json");
  writeFileSync(path, readFileSync(path, "utf8").replace('"version": 1', '"version": 1e999'));
  await sum(folder);
  const found = await verifyFolder(folder, new AbortController().signal);
  expect(found.problems.map(({ message }) => message)).toEqual([
    "the provenance has another lock file than recipe.lock.yaml",
  ]);
});

test("release.json of a hundred thousand levels is invalid", async () => {
  const folder = join(home, `copy-${++copies}`);
  cpSync(good, folder, { recursive: true });
  const path = join(folder, "release.json");
  const deep = `"later": ${"[".repeat(1e5)}${"]".repeat(1e5)}`;
  writeFileSync(path, readFileSync(path, "utf8").replace("{", `{ ${deep},`));
  const found = await verifyFolder(folder, new AbortController().signal);
  expect(found.problems.map(({ code }) => code)).toEqual(["QS-VERIFY-REPORT"]);
});

test("a variant or file that is listed twice is reported", async () => {
  const twice = await problems(({ report, variant }) => report.variants.push(structuredClone(variant)));
  expect(twice).toContain("QS-VERIFY-VARIANT release.json: the variant Q8_0 is listed twice");
  const file = "tiny-Q8_0.gguf";
  const shared = await problems(({ report, variant: { bytes, sha256: digest } }) =>
    Object.assign(report, { mtp: { file, bytes, sha256: digest } }),
  );
  expect(shared).toEqual([`QS-VERIFY-VARIANT ${file}: ${file} is listed twice in release.json`]);
});

test.each([
  ["other types", '"type":"Q8_0"', '"type":"F16"', "lists F16 for token_embd.weight of Q8_0 instead of Q8_0"],
  [
    "an invented matrix",
    "output.weight",
    "more.weight",
    "lists Q8_0 for more.weight of Q8_0 instead of no such matrix",
  ],
  ["a matrix twice", "output.weight", "token_embd.weight", "does not list each of the 2 matrices of Q8_0 once"],
  ["another variant", '"Q8_0":[', '"Q6_K":[', "does not list the variant Q8_0"],
  ["no list", '"Q8_0":[', '"Q8_0":5,"x":[', "has an invalid format: variants.Q8_0"],
])("tensors.json with %s is reported", async (_what, from, to, message) => {
  const found = await problems(({ replace }) => replace("tensors.json", from, to));
  expect(found).toContainEqual(expect.stringContaining(`QS-VERIFY-FIGURE tensors.json: tensors.json ${message}`));
});
