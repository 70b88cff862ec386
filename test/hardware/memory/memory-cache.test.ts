import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { MemoryCache } from "../../../src/hardware/memory/memory-cache.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

test("a damaged entry, or one of other configurations, counts as missing", async () => {
  const folder = temporaryFolder();
  vi.stubEnv("QUANTSMITH_CACHE", folder);
  const cache = await MemoryCache.open();
  const memory = { weights: 100, runs: [{ kv: 1, compute: 2 }, null], layers: [3, null] };
  await cache.write("entry", memory);
  expect(await cache.read("entry", 2)).toEqual(memory);
  expect(await cache.read("entry", 3)).toBeUndefined();
  const damaged = [
    "{}",
    "[]",
    "null",
    "{",
    '{"weights":1e999,"runs":[],"layers":[]}',
    '{"weights":1,"runs":[{"kv":-1}],"layers":[1]}',
  ];
  for (const text of damaged) {
    writeFileSync(join(folder, "memory", "entry.json"), text);
    for (const runs of [0, 1]) expect(await cache.read("entry", runs), text).toBeUndefined();
  }
});
