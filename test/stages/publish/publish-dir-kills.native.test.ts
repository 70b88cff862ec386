import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { publishTo } from "../../../src/stages/publish/publish.js";
import { folderDigests } from "../../fixtures/folder-digests.js";
import { withoutHistory } from "../../fixtures/publish-client.js";
import { randomIntegers } from "../../fixtures/random.js";
import { releaseFolder } from "../../fixtures/release-folder.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

/*
 * Publishing to a folder by processes that SIGKILL ends at every rename and at random other file operations.
 * `npm run test:publish-faults -- --mixes 200` runs more of them than `npm test`.
 */
const base = temporaryFolder();
const kills = Number(process.env.QUANTSMITH_FAULT_MIXES ?? 12);
/** The history has the time of the former release. */
const copying = { recursive: true, preserveTimestamps: true };
const totals = { kills: 0, lost: 0, half: 0, leftovers: 0 };
const [former, latest] = [join(base, "former"), join(base, "latest")];
let whole: Record<string, string>[];
let operations: string[];
afterAll(() => console.log(`kills while publishing to a folder: ${JSON.stringify(totals)}`));

/** Publishes the latest release in a process that ends at an operation. Returns the operations so far. */
async function publishUntil(target: string, operation: number): Promise<string[]> {
  const script = join(import.meta.dirname, "../../fixtures/publish-dir-child.mjs");
  const args = [script, latest, target, String(operation)];
  const { stdout, signal } = await execa(process.execPath, args, { reject: false });
  if (signal === "SIGKILL") totals.kills += 1;
  return stdout.split("\n");
}

beforeAll(async () => {
  const parts = { bytes: 20_000, extra: { "old.json": "{}" } };
  whole = [releaseFolder(former, { ...parts, variants: { Q2_K: 1 } }), releaseFolder(latest, { bytes: 20_000 })];
  const target = join(mkdtempSync(join(base, "all-")), "model");
  cpSync(former, target, copying);
  operations = await publishUntil(target, -1);
  const next = folderDigests(target);
  expect(next).toMatchObject(withoutHistory(whole[1] ?? {}));
  whole[1] = next;
});

test.each(Array.from({ length: kills }, (_, index) => index + 1))("kill %i", async (seed) => {
  const random = randomIntegers(seed * 7919);
  const target = join(mkdtempSync(join(base, "kill-")), "model");
  const isComplete = (folder: string) => whole.some((files) => sameFiles(files, folderDigests(folder)));
  cpSync(former, target, copying);
  for (let processes = 1 + random(2); processes > 0; processes--) {
    const renames = operations.flatMap((name, index) => (name === "rename" ? [index] : []));
    const at = seed % 2 === 0 ? renames[random(renames.length)] : random(operations.length);
    await publishUntil(target, at ?? 0);
    const siblings = readdirSync(join(target, ".."), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    totals.lost += siblings.some(({ name }) => isComplete(join(target, "..", name))) ? 0 : 1;
    totals.half += !existsSync(target) || isComplete(target) ? 0 : 1;
  }
  const signal = new AbortController().signal;
  await publishTo(latest, { kind: "dir", path: target }, { signal, onProgress: () => undefined });
  totals.leftovers += readdirSync(join(target, "..")).length - 1;
  expect([folderDigests(target), totals]).toEqual([whole[1], { ...totals, lost: 0, half: 0, leftovers: 0 }]);
  rmSync(join(target, ".."), { recursive: true });
});

function sameFiles(some: Record<string, string>, others: Record<string, string>): boolean {
  return JSON.stringify(Object.entries(some).sort()) === JSON.stringify(Object.entries(others).sort());
}
