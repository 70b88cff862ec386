import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { baseLogitsBytes, readBaseLogits } from "../../src/llamacpp/base-logits.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "qs-logits-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test("predicts the size of a real file, and rounds an odd vocabulary up", () => {
  expect(baseLogitsBytes({ vocabulary: 4096, chunks: 40, context: 512 })).toBe(83_721_940);
  expect(baseLogitsBytes({ vocabulary: 4095, chunks: 40, context: 512 })).toBe(83_721_940);
});

test("accepts a file only when its size is exactly what its header promises", async () => {
  const shape = { vocabulary: 10, chunks: 2, context: 16 };
  const content = Buffer.alloc(baseLogitsBytes(shape));
  content.write("_logits_");
  content.writeUInt32LE(shape.context, 8);
  content.writeUInt32LE(shape.vocabulary, 12);
  content.writeUInt32LE(shape.chunks, 16);
  const file = path.join(folder, "base.kld");
  await writeFile(file, content);
  expect(await readBaseLogits(file)).toEqual(shape);
  await truncate(file, content.length - 1);
  expect(await readBaseLogits(file)).toBeUndefined();
  await truncate(file, 12);
  expect(await readBaseLogits(file)).toBeUndefined();
  expect(await readBaseLogits(path.join(folder, "none"))).toBeUndefined();
});
