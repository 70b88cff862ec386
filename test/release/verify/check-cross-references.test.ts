import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import type { HardwareCompatibility } from "../../../src/hardware/compatibility.js";
import { figureCells } from "../../../src/release/figures.js";
import type { RunReport } from "../../../src/release/release-report.js";
import { verifyFolder } from "../../../src/release/verify/verify-folder.js";
import { sha256 } from "../../../src/util/sha256.js";
import { hardwareOf } from "../../fixtures/release-hardware.js";
import { seal, writeRelease } from "../../fixtures/small-release.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

const home = temporaryFolder();
const good = join(home, "good");
const never = new AbortController().signal;
let copies = 0;

type Bom = { components: { type: string; name: string; hashes: { alg: string; content: string }[] }[] };

beforeAll(async () => {
  await writeRelease(good);
  const report = readReport(good);
  const hash = (name: string) => [{ alg: "SHA-256", content: sha256(readFileSync(join(good, name))) }];
  const components = report.variants.map(({ file }) => ({
    type: "machine-learning-model",
    name: file,
    hashes: hash(file),
  }));
  // A text of the run that is called as a file of the release is another thing.
  const text = { type: "data", name: "recipe.lock.yaml", hashes: [{ alg: "SHA-256", content: "0".repeat(64) }] };
  writeFileSync(join(good, "bom.cdx.json"), JSON.stringify({ components: [...components, text] }));
  writeFileSync(join(good, "hardware-compatibility.json"), JSON.stringify(hardwareOf(report)));
  const rows = report.variants.map(
    (variant) => `| [${variant.name}](./${variant.file}) | ${figureCells(variant).slice(1, -1).join(" | ")} | all |`,
  );
  writeFileSync(join(good, "README.md"), `# tiny\n\n${rows.join("\n")}\n`);
  await seal(good, report);
});

function readReport(folder: string): RunReport {
  return JSON.parse(readFileSync(join(folder, "release.json"), "utf8")) as RunReport;
}

/** A release in which one file was edited and every digest made anew. */
async function forged(file: string, change: (text: string) => string): Promise<string> {
  const folder = join(home, `copy-${++copies}`);
  cpSync(good, folder, { recursive: true });
  const text = readFileSync(join(folder, file), "utf8");
  const changed = change(text);
  expect(changed).not.toBe(text);
  writeFileSync(join(folder, file), changed);
  await seal(folder, readReport(folder));
  return folder;
}

async function problemsOf(folder: string): Promise<string[]> {
  const { problems } = await verifyFolder(folder, never);
  return problems.map(({ code, message }) => `${code} ${message}`);
}

test("a sound release has none", async () => {
  expect(await problemsOf(good)).toEqual([]);
});

function first<T>([item]: readonly T[]): T {
  if (item === undefined) throw new Error("there is none");
  return item;
}

test.each<[string, (bom: Bom) => void, string]>([
  [
    "another digest",
    ({ components }) => (first(first(components).hashes).content = "0".repeat(64)),
    "tells of another",
  ],
  ["a model less", ({ components }) => components.shift(), "does not tell of"],
  ["no list", (bom) => Object.assign(bom, { components: 1 }), "is no bill of materials"],
])("bom.cdx.json with %s", async (_what, change, message) => {
  const folder = await forged("bom.cdx.json", (text) => {
    const bom = JSON.parse(text) as Bom;
    change(bom);
    return JSON.stringify(bom);
  });
  expect(await problemsOf(folder)).toEqual([expect.stringContaining(`QS-VERIFY-FIGURE bom.cdx.json ${message}`)]);
});

test.each<[string, (hardware: HardwareCompatibility) => void, string]>([
  [
    "another divergence",
    ({ variants }) => Object.assign(first(variants), { kldMean: 0.001 }),
    "mean KL divergence 0.001",
  ],
  ["other bytes", ({ variants }) => Object.assign(first(variants), { bytes: 7 }), "says bytes 7"],
  ["another file", ({ variants }) => Object.assign(first(variants), { file: "x.gguf" }), "says file x.gguf"],
  ["other types", ({ variants }) => Object.assign(first(variants), { types: { F16: 3 } }), "other types"],
  ["a variant more", ({ variants }) => variants.push({ ...first(variants), name: "Q2_K" }), "a variant Q2_K, which"],
  ["a strange device", ({ results }) => Object.assign(first(results), { device: "toaster" }), "a device toaster"],
  ["a strange verdict", ({ results }) => Object.assign(first(results), { verdict: "great" }), "not of its format"],
  ["a strange pick", ({ recommended }) => Object.assign(first(recommended), { context: 7 }), "without a verdict at 7"],
  [
    "a pick that does not run",
    ({ recommended, results }) => {
      const { device, variant, context } = first(recommended);
      const fit = results.find((one) => one.device === device && one.variant === variant && one.context === context);
      Object.assign(first(fit === undefined ? [] : [fit]), { verdict: "no" });
    },
    "where it does not run",
  ],
])("hardware-compatibility.json with %s", async (_what, change, message) => {
  const folder = await forged("hardware-compatibility.json", (text) => {
    const hardware = JSON.parse(text) as HardwareCompatibility;
    change(hardware);
    return JSON.stringify(hardware);
  });
  const found = await problemsOf(folder);
  expect(found).toContainEqual(expect.stringContaining(message));
  expect(found.every((line) => line.startsWith("QS-VERIFY-FIGURE hardware-compatibility.json "))).toBe(true);
});

test("a card that tells a better figure", async () => {
  const folder = await forged("README.md", (text) => text.replace("0.01000", "0.00100"));
  expect(await problemsOf(folder)).toEqual([
    "QS-VERIFY-FIGURE README.md tells other figures of Q8_0 than release.json",
  ]);
});
