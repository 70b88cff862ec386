import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { appendToJournal, journalName, readJournals } from "../../../src/stages/allocate/probe-journal.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

const probe = (unit: string) => ({ unit, type: "Q2_K", kld: 0.0123, kldError: 0.0004 });

test("a missing journal is empty; probes are read in order", async () => {
  const folder = temporaryFolder();
  const path = join(folder, journalName(undefined));
  expect(await readJournals(folder)).toEqual([]);
  await appendToJournal(path, probe("a"));
  await appendToJournal(path, probe("b"));
  expect(await readJournals(folder)).toEqual([probe("a"), probe("b")]);
});

test("a journal truncated at any byte loses at most its last probe and can be appended to", async () => {
  const folder = temporaryFolder();
  const path = join(folder, journalName(undefined));
  await appendToJournal(path, probe("a"));
  const one = readFileSync(path).length;
  await appendToJournal(path, probe("b"));
  for (let length = readFileSync(path).length - 2; length >= one; length--) {
    truncateSync(path, length);
    expect(await readJournals(folder)).toEqual([probe("a")]);
  }
  truncateSync(path, one - 5);
  await appendToJournal(path, probe("c"));
  expect(await readJournals(folder)).toEqual([probe("c")]);
});

test("a changed figure, and one that is not a number, count as not measured", async () => {
  const folder = temporaryFolder();
  const path = join(folder, journalName(undefined));
  for (const each of [probe("a"), probe("b"), { ...probe("c"), kld: Number.NaN }]) await appendToJournal(path, each);
  const text = readFileSync(path, "utf8");
  writeFileSync(path, text.replace("0.0123", "0.0023"));
  expect(await readJournals(folder)).toEqual([probe("b")]);
});

test("the journals of all shards are read", async () => {
  const folder = temporaryFolder();
  for (const index of [1, 2]) {
    await appendToJournal(join(folder, journalName({ index, count: 2 })), probe(`unit ${index}`));
  }
  expect((await readJournals(folder)).map(({ unit }) => unit).sort()).toEqual(["unit 1", "unit 2"]);
});
