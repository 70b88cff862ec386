import { linkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { DigestCache } from "../../src/util/digest-cache.js";
import { sha256 } from "../../src/util/sha256.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

test("each file is hashed once, which is announced with its size", async () => {
  const [file, twin] = ["file", "twin"].map((name) => join(temporaryFolder(), name)) as [string, string];
  writeFileSync(file, "weights");
  linkSync(file, twin);
  const hashed: [string, number][] = [];
  const digests = new DigestCache((path, bytes) => hashed.push([path, bytes]));
  expect([await digests.digest(file), await digests.digest(twin)]).toEqual([sha256("weights"), sha256("weights")]);
  expect(hashed).toEqual([[file, 7]]);
  writeFileSync(file, "other weights");
  expect(await digests.digest(twin)).toBe(sha256("other weights"));
  expect(hashed).toEqual([
    [file, 7],
    [twin, 13],
  ]);
});
