import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { BlockJournal } from "../../../src/stages/validate/block-journal.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

const home = temporaryFolder();

test("a stored block is read back unchanged, and invalid files are ignored", async () => {
  const journal = new BlockJournal(home);
  const block = { figures: { chunks: 1 }, quantiles: [[1, 2]] as const, perChunk: [{ kld: 1 }], tokens: 5 };
  await journal.keep(0, block as never);
  expect(await journal.find(0)).toEqual(block);
  const stored = readFileSync(join(home, "block-0.json"), "utf8");
  expect(stored).toContain('"kld": 1');
  for (const text of [
    stored.replace('"kld": 1', '"kld": 0'),
    "",
    "{",
    "null",
    "[]",
    "{}",
    JSON.stringify({ ...block, tokens: null }),
  ]) {
    writeFileSync(join(home, "block-0.json"), text);
    expect(await journal.find(0)).toBeUndefined();
  }
});

test("a block with a figure that is not a number is not stored", async () => {
  const journal = new BlockJournal(home);
  const block = { figures: { kld: Number.NaN }, quantiles: [], perChunk: [], tokens: 5 };
  await journal.keep(1, block as never);
  expect(existsSync(join(home, "block-1.json"))).toBe(false);
});
