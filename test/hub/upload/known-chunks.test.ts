import { expect, test } from "vitest";
import { type Chunk, hmac } from "../../../src/hub/upload/xet/hashes.js";
import { KnownChunks, maxKnownChunks } from "../../../src/hub/upload/xet/known-chunks.js";

/** A chunk about which no question is allowed, unless it is the first. */
function chunkAt(number: number): Chunk {
  const hash = Buffer.alloc(32, 255);
  hash.writeUInt32LE(number);
  return { hash, length: 65_536 };
}

test.each([
  ["many small answers", 1, 40, 32],
  ["large answers", maxKnownChunks / 2, 3, 2],
  ["answers at the limit", maxKnownChunks, 2, 1],
])("%s: the oldest are forgotten", async (_what, chunks, answers, remembered) => {
  const known = new KnownChunks(async (hash) => {
    const number = Buffer.from(hash).readUInt32LE();
    const key = Buffer.alloc(32, number + 1);
    const others = Array.from({ length: chunks - 1 }, (_, index) => chunkAt(1e6 * (number + 1) + index));
    return { key, xorbs: [{ hash: key, chunks: [{ ...chunkAt(number), hash: hmac(hash, key) }, ...others] }] };
  }, new AbortController().signal);
  const numbers = Array.from({ length: answers }, (_, number) => number);
  // After the first chunk and its question, only eligible chunks are asked about.
  await known.find(chunkAt(answers));
  for (const number of numbers) await known.learn(chunkAt(number).hash);
  const found = [];
  for (const number of numbers) if (await known.find(chunkAt(number))) found.push(number);
  expect(found).toEqual(numbers.slice(-remembered));
});
