import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { followChunks } from "../../src/llamacpp/chunk-progress.js";
import { parseChunkCount, parseFinalPerplexity } from "../../src/llamacpp/parse-number.js";
import type { ToolProgress } from "../../src/llamacpp/tool-run.js";

const recorded = (name: string) => readFile(new URL(`../fixtures/llamacpp/${name}`, import.meta.url), "utf8");

/** Feeds both streams in pieces that split numbers. */
async function progressOf(stdout: string, stderr: string, pieceLength: number): Promise<ToolProgress[]> {
  const seen: ToolProgress[] = [];
  const follow = followChunks((progress) => seen.push(progress));
  for (const [stream, text] of [
    ["stderr", stderr],
    ["stdout", stdout],
  ] as const) {
    for (let at = 0; at < text.length; at += pieceLength) follow(text.slice(at, at + pieceLength), stream);
  }
  return seen;
}

test.each([1, 3, 4096])("counts the chunks of a real llama-imatrix run in pieces of %i", async (pieceLength) => {
  const seen = await progressOf(
    await recorded("imatrix.stdout.txt"),
    await recorded("imatrix.stderr.txt"),
    pieceLength,
  );
  expect(seen.map(({ done }) => done)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  expect(seen.at(-1)).toEqual({ done: 20, total: 20, unit: "chunk" });
});

test("counts the rows of the divergence table", async () => {
  const seen = await progressOf(
    await recorded("kl-divergence.stdout.txt"),
    "x: computing over 40 chunks, n_ctx=512\n",
    7,
  );
  expect(seen.at(-1)).toEqual({ done: 40, total: 40, unit: "chunk" });
});

test("parses the final perplexity of a real run", async () => {
  expect(parseFinalPerplexity(await recorded("imatrix.stdout.txt"))).toEqual({
    perplexity: 12.0653,
    perplexityError: 0.31453,
  });
  expect(parseChunkCount(await recorded("imatrix.stderr.txt"))).toBe(20);
  expect(parseFinalPerplexity("Final estimate: PPL = nan +/- nan")?.perplexity).toBeNaN();
});
