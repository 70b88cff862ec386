import { readFileSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { appendToJournal, readJournal } from "../../../src/stages/allocate/probe-journal.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

const probe = (unit: string) => ({ unit, type: "Q2_K", kld: 0.0123, kldError: 0.0004 });

test("no journal is an empty one; probes come back in order", async () => {
  const path = join(temporaryFolder(), "probes.ndjson");
  expect(await readJournal(path)).toEqual([]);
  await appendToJournal(path, probe("a"));
  await appendToJournal(path, probe("b"));
  expect(await readJournal(path)).toEqual([probe("a"), probe("b")]);
});

test("a journal cut at any byte loses at most its last probe, and what is appended to it counts", async () => {
  const path = join(temporaryFolder(), "probes.ndjson");
  await appendToJournal(path, probe("a"));
  const one = readFileSync(path).length;
  await appendToJournal(path, probe("b"));
  for (let length = readFileSync(path).length - 2; length >= one; length--) {
    truncateSync(path, length);
    expect(await readJournal(path)).toEqual([probe("a")]);
  }
  truncateSync(path, one - 5);
  await appendToJournal(path, probe("c"));
  expect(await readJournal(path)).toEqual([probe("c")]);
});
