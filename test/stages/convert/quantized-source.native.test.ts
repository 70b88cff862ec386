import { open } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { surveyFolder } from "../../../src/checkpoint/outline/survey-folder.js";
import { readGguf } from "../../../src/gguf/read-header.js";
import { describePython } from "../../../src/llamacpp/python/python-env.js";
import type { ToolRun } from "../../../src/llamacpp/tool-run.js";
import { resolveToolchain } from "../../../src/llamacpp/toolchain/toolchain.js";
import { convertUpstream } from "../../../src/stages/convert/convert-upstream.js";
import { convertCheckpoint } from "../../fixtures/checkpoints/convert-checkpoint.js";
import { type Fp8Block, fp8Config, writeFp8Weights } from "../../fixtures/checkpoints/fp8.js";
import { makeCheckpoint } from "../../fixtures/checkpoints/make-checkpoint.js";
import { smallLlama } from "../../fixtures/checkpoints/small-llama.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

const folder = temporaryFolder();
let run: ToolRun;

beforeAll(async () => {
  run = { toolchain: await resolveToolchain(), cwd: folder, threads: availableParallelism() };
});

const blocks: [string, Fp8Block][] = [
  ["a scale per block", [128, 128]],
  ["a scale per tensor", null],
];

test.for(blocks)(
  "FP8 with %s becomes a 16-bit base of the size that the plan predicts",
  async ([name, block], context) => {
    const { problem } = await describePython();
    if (problem) return context.skip(`needs llama.cpp's converter: ${problem.message}`);
    const checkpoint = smallLlama({ quantization_config: fp8Config(block) });
    const snapshot = join(folder, name.replaceAll(" ", "-"));
    await makeCheckpoint(snapshot, checkpoint);
    const matrices = await writeFp8Weights(snapshot, checkpoint, block);
    const outline = await surveyFolder(snapshot);
    const path = await convertCheckpoint(convertUpstream, checkpoint, snapshot, run);
    const { tensors, fileBytes } = await readGguf(path);
    const values = tensors.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
    expect(outline.parameters).toBe(values);
    expect(2 * outline.parameters).toBeGreaterThan(0.7 * fileBytes);
    // Not reordered, unlike q and k.
    const down = tensors.find((tensor) => tensor.name === "blk.1.ffn_down.weight");
    const expected = matrices.get("model.layers.1.mlp.down_proj.weight")?.values ?? new Float32Array();
    expect(down?.type.name).toBe("BF16");
    expect(await readValues(path, down?.offset ?? 0, expected.length)).toEqual(Array.from(expected, rounded));
  },
);

async function readValues(path: string, offset: number, count: number): Promise<number[]> {
  const file = await open(path);
  try {
    const { buffer } = await file.read(Buffer.alloc(2 * count), 0, 2 * count, offset);
    return Array.from({ length: count }, (_, i) => asFloat(buffer.readUInt16LE(2 * i)));
  } finally {
    await file.close();
  }
}

const cell = new DataView(new ArrayBuffer(4));

function asFloat(bits: number): number {
  cell.setUint32(0, bits * 65_536);
  return cell.getFloat32(0);
}

/** The nearest BF16, ties to even. */
function rounded(value: number): number {
  cell.setFloat32(0, value);
  const bits = cell.getUint32(0);
  return asFloat(((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff);
}
