import { mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { baseLogitsBytes, extractChunks, readBaseLogits } from "../../src/llamacpp/base-logits.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "qs-logits-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test("computes the size of a real file and rounds up an odd vocabulary", () => {
  expect(baseLogitsBytes({ vocabulary: 4096, chunks: 40, context: 512 })).toBe(83_721_940);
  expect(baseLogitsBytes({ vocabulary: 4095, chunks: 40, context: 512 })).toBe(83_721_940);
});

test("accepts only files with the exact size of their header", async () => {
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

test("extracts chunks with their tokens and rows, in the requested order", async () => {
  const shape = { vocabulary: 10, chunks: 3, context: 16 };
  const content = Buffer.alloc(baseLogitsBytes(shape));
  content.write("_logits_");
  for (const [index, value] of [16, 10, 3].entries()) content.writeUInt32LE(value, 8 + 4 * index);
  const tokens = 16 * 4;
  const rows = (content.length - 20 - 3 * tokens) / 3;
  for (let chunk = 0; chunk < 3; chunk++) {
    content.fill(0x10 + chunk, 20 + chunk * tokens, 20 + (chunk + 1) * tokens);
    content.fill(0x20 + chunk, 20 + 3 * tokens + chunk * rows, 20 + 3 * tokens + (chunk + 1) * rows);
  }
  const [from, to] = [path.join(folder, "base.kld"), path.join(folder, "part.kld")];
  await writeFile(from, content);
  await extractChunks(from, to, [2, 0]);
  expect(await readBaseLogits(to)).toEqual({ ...shape, chunks: 2 });
  const body = (await readFile(to)).subarray(20);
  const filled = (value: number, length: number) => Buffer.alloc(length, value);
  expect(body).toEqual(
    Buffer.concat([filled(0x12, tokens), filled(0x10, tokens), filled(0x22, rows), filled(0x20, rows)]),
  );
  await expect(extractChunks(from, to, [3])).rejects.toThrow(RangeError);
  await extractChunks(from, to, [0, 1, 2]);
  expect(await readFile(to)).toEqual(content);
});
