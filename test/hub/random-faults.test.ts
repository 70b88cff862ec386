import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { QuantsmithError } from "../../src/util/errors.js";
import { connect, contents, digests, fetchAll, someBytes } from "../fixtures/hub-client.js";
import { randomFaults } from "../fixtures/hub-server/faults.js";
import { Hub } from "../fixtures/hub-server/hub.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const base = temporaryFolder();
const files = {
  "config.json": '{"architectures":["X"]}',
  "tokenizer.json": someBytes(4, 30_000),
  "model-00001-of-00002.safetensors": someBytes(5, 150_000),
  "model-00002-of-00002.safetensors": someBytes(6, 90_001),
};
const wanted = digests(files);
const outcomes = { whole: 0, error: 0 };

let hub: Hub;
beforeAll(async () => {
  hub = await Hub.start();
  hub.create("org/model").commit(files);
});
afterAll(async () => {
  await hub.close();
  // The seeds must produce both outcomes.
  expect(outcomes.whole).toBeGreaterThan(30);
  expect(outcomes.error).toBeGreaterThan(2);
});

const seeds = Array.from({ length: 60 }, (_, index) => index + 1);

test.each(seeds)("seed %i: the correct snapshot or an error with a code, never a wrong file", async (seed) => {
  const cache = mkdtempSync(join(base, "cache-"));
  const percent = [10, 30, 50, 80][seed % 4] ?? 50;
  hub.faults = randomFaults(seed, percent);
  const limits = { stallMs: 60, maxDelayMs: 3, attempts: 5 };
  // The second run continues from the pieces of a failed first run.
  for (let run = 0; run < 2; run++) {
    try {
      const folder = await fetchAll(connect(hub, cache, { limits }), "org/model");
      expect(contents(folder)).toEqual(wanted);
      outcomes.whole += 1;
    } catch (error) {
      expect(error).toBeInstanceOf(QuantsmithError);
      expect((error as QuantsmithError).code).toMatch(/^QS-(HUB-(FAILED|NETWORK|RATE-LIMIT|ANSWER)|FETCH-HASH)$/);
      outcomes.error += 1;
    }
    expectFinalFilesCorrect(cache);
  }
  hub.faults = () => undefined;
  expect(contents(await fetchAll(connect(hub, cache), "org/model"))).toEqual(wanted);
  expect(hub.violations).toEqual([]);
  rmSync(cache, { recursive: true });
});

/** Files with their final names in the cache are correct, also after a failure. */
function expectFinalFilesCorrect(cache: string): void {
  const right = new Set(Object.values(wanted));
  for (const [path, digest] of Object.entries(contents(cache))) {
    const final = path.includes("/snapshots/") || (path.includes("/blobs/") && !path.includes(".incomplete"));
    if (final) expect(right, path).toContain(digest);
  }
}
