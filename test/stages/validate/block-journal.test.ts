import { writeFileSync } from "node:fs";
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
  for (const text of ["", "{", "null", "[]", "{}", JSON.stringify({ ...block, tokens: null })]) {
    writeFileSync(join(home, "block-0.json"), text);
    expect(await journal.find(0)).toBeUndefined();
  }
});
