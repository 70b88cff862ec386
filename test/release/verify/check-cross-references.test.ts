import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import type { HardwareCompatibility } from "../../../src/hardware/compatibility.js";
import { figureCells, figureTitles } from "../../../src/release/figures.js";
import type { RunReport } from "../../../src/release/release-report.js";
import { checkCard } from "../../../src/release/verify/check-cross-references.js";
import { verifyFolder } from "../../../src/release/verify/verify-folder.js";
import { parseChecked } from "../../../src/util/checked-json.js";
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
  // An input text with the name of a release file is not that file.
  const text = { type: "data", name: "recipe.lock.yaml", hashes: [{ alg: "SHA-256", content: "0".repeat(64) }] };
  writeFileSync(join(good, "bom.cdx.json"), JSON.stringify({ components: [...components, text] }));
  writeFileSync(join(good, "hardware-compatibility.json"), JSON.stringify(hardwareOf(report)));
  const titles = ["File", ...figureTitles.slice(1, -1), "Fits on"];
  const head = [titles, titles.map(() => "---")].map((cells) => `| ${cells.join(" | ")} |`);
  const rows = report.variants.map(
    (variant) => `| [${variant.name}](./${variant.file}) | ${figureCells(variant).slice(1, -1).join(" | ")} | all |`,
  );
  writeFileSync(join(good, "README.md"), `# tiny\n\n${[...head, ...rows].join("\n")}\n`);
  await seal(good, report, { keepsBom: true });
});

function readReport(folder: string): RunReport {
  return parseChecked(readFileSync(join(folder, "release.json"), "utf8")) as RunReport;
}

/** Copies the release, edits one file and recomputes every digest. */
async function forged(file: string, change: (text: string) => string): Promise<string> {
  const folder = join(home, `copy-${++copies}`);
  cpSync(good, folder, { recursive: true });
  const text = readFileSync(join(folder, file), "utf8");
  const changed = change(text);
  expect(changed).not.toBe(text);
  writeFileSync(join(folder, file), changed);
  await seal(folder, readReport(folder), { keepsBom: true });
  return folder;
}

async function problemsOf(folder: string): Promise<string[]> {
  const { problems } = await verifyFolder(folder, never);
  return problems.map(({ code, message }) => `${code} ${message}`);
}

test("a valid release has no problems", async () => {
  expect(await problemsOf(good)).toEqual([]);
});

function first<T>([item]: readonly T[]): T {
  if (item === undefined) throw new Error("the list is empty");
  return item;
}

test.each<[string, (bom: Bom) => void, string]>([
  [
    "a different digest",
    ({ components }) => (first(first(components).hashes).content = "0".repeat(64)),
    "lists a different digest",
  ],
  ["a missing model", ({ components }) => components.shift(), "does not list"],
  ["invalid components", (bom) => Object.assign(bom, { components: 1 }), "is not a bill of materials"],
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
    "a different divergence",
    ({ variants }) => Object.assign(first(variants), { kldMean: 0.001 }),
    "mean KL divergence 0.001",
  ],
  ["different bytes", ({ variants }) => Object.assign(first(variants), { bytes: 7 }), "lists bytes 7"],
  ["a different file", ({ variants }) => Object.assign(first(variants), { file: "x.gguf" }), "lists file x.gguf"],
  ["different types", ({ variants }) => Object.assign(first(variants), { types: { F16: 3 } }), "different types"],
  [
    "an extra variant",
    ({ variants }) => variants.push({ ...first(variants), name: "Q2_K" }),
    "the variant Q2_K, which",
  ],
  [
    "an unknown device",
    ({ results }) => Object.assign(first(results), { device: "toaster" }),
    "undefined device toaster",
  ],
  ["an invalid verdict", ({ results }) => Object.assign(first(results), { verdict: "great" }), "an invalid format"],
  [
    "a recommendation without a verdict",
    ({ recommended }) => Object.assign(first(recommended), { context: 7 }),
    "without a verdict at 7",
  ],
  [
    "a recommendation that does not run",
    ({ recommended, results }) => {
      const { device, variant, context } = first(recommended);
      const fit = results.find((one) => one.device === device && one.variant === variant && one.context === context);
      Object.assign(first(fit === undefined ? [] : [fit]), { verdict: "no" });
    },
    "which cannot run it",
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

test("a model card with a better figure is reported", async () => {
  const folder = await forged("README.md", (text) => text.replace("0.01000", "0.00100"));
  expect(await problemsOf(folder)).toEqual([
    "QS-VERIFY-FIGURE README.md lists different metrics for Q8_0 than release.json",
  ]);
});

test("a card of millions of rows is no obstacle", () => {
  expect(checkCard("|\n".repeat(5e6), readReport(good))).toEqual([]);
});
