import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readGguf } from "../../src/gguf/read-header.js";
import { readImatrix, readImportance } from "../../src/gguf/read-imatrix.js";
import { variantLayout } from "../../src/gguf/variant-layout.js";
import { writeGguf } from "../../src/gguf/write-gguf.js";
import { quantize } from "../../src/llamacpp/quantize.js";
import type { ToolRun } from "../../src/llamacpp/tool-run.js";
import { pinnedGgmlLibrary } from "../../src/llamacpp/toolchain/ggml-library.js";
import { NativePool } from "../../src/quant/native-pool.js";
import { presetByName } from "../../src/quant/presets.js";
import { quantizeTensor } from "../fixtures/quantize-tensor.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";
import { makeTinyModel } from "../fixtures/tiny-model.js";

const folder = temporaryFolder();
const inside = (name: string) => join(folder, name);
const sameBytes = (a: string, b: string) => readFileSync(inside(a)).equals(readFileSync(inside(b)));
let run: ToolRun;
let pool: NativePool;

beforeAll(async () => {
  run = await makeTinyModel(folder);
  pool = new NativePool({ library: await pinnedGgmlLibrary(), threads: 2 });
  await quantize({ ...run, model: "model.gguf", imatrix: "imatrix.gguf", type: "Q4_K_M", out: "Q4_K_M.gguf" });
  await quantize({ ...run, model: "model.gguf", type: "Q8_0", out: "Q8_0.gguf" });
});
afterAll(() => pool.close());

test.each(["model.gguf", "imatrix.gguf", "Q4_K_M.gguf", "Q8_0.gguf"])("%s, read and rewritten", async (name) => {
  const gguf = await readGguf(inside(name));
  const tensors = gguf.tensors.map((tensor) => ({ ...tensor, data: { path: gguf.path, offset: tensor.offset } }));
  const seen: number[] = [];
  const written = await writeGguf(
    inside(`again-${name}`),
    { metadata: gguf.metadata, tensors },
    { onBytes: (done) => seen.push(done) },
  );
  expect(sameBytes(name, `again-${name}`)).toBe(true);
  expect(written).toEqual({ fileBytes: gguf.fileBytes, tensors: gguf.tensors });
  expect(seen.length).toBeGreaterThanOrEqual(gguf.tensors.length);
});

describe("an assembled variant equals llama-quantize's file", () => {
  test.each([
    ["Q4_K_M", true],
    ["Q8_0", false],
  ])("%s, with imatrix: %s", async (preset, withImatrix) => {
    const base = await readGguf(inside("model.gguf"));
    const theirs = await readGguf(inside(`${preset}.gguf`));
    const imatrix = withImatrix ? await readImatrix(inside("imatrix.gguf")) : undefined;
    const { metadata, tensors } = variantLayout({
      feedback: false,
      base,
      fileType: presetByName(preset)?.fileType ?? -1,
      ...(imatrix && { imatrix: { imatrix, fileName: "imatrix.gguf" } }),
    });
    const types = new Map(theirs.tensors.map(({ name, type }) => [name, type]));
    const made = tensors.map(async (tensor) => {
      const to = types.get(tensor.name) ?? tensor.type;
      const source = { ...tensor, path: base.path };
      const importance = imatrix && (await readImportance(imatrix, tensor));
      const data = to === tensor.type ? source : quantizeTensor({ pool, tensor: source, to, importance });
      return { ...tensor, type: to, data };
    });
    await writeGguf(inside(`own-${preset}.gguf`), { metadata, tensors: await Promise.all(made) });
    expect(sameBytes(`own-${preset}.gguf`, `${preset}.gguf`)).toBe(true);
  });
});

describe("data that does not fit", () => {
  test.each([
    ["too short", 1023],
    ["too long", 1025],
  ])("%s", async (_, bytes) => {
    const base = await readGguf(inside("model.gguf"));
    async function* data() {
      yield new Uint8Array(1000);
      yield new Uint8Array(bytes - 1000);
    }
    const norm = base.tensors.find(({ name }) => name === "output_norm.weight");
    if (norm === undefined) throw new Error("no output_norm");
    expect(norm.bytes).toBe(1024);
    const write = writeGguf(inside(`bad-${bytes}.gguf`), {
      metadata: base.metadata,
      tensors: [{ ...norm, data: data() }],
    });
    await expect(write).rejects.toThrow(/output_norm\.weight needs 1024 bytes as F32/);
  });

  test("a truncated source, and an existing file", async () => {
    const base = await readGguf(inside("model.gguf"));
    const [first] = base.tensors;
    if (first === undefined) throw new Error("no tensors");
    const data = { path: base.path, offset: base.fileBytes - 10 };
    const tensors = [{ ...first, data }];
    await expect(writeGguf(inside("cut.gguf"), { metadata: base.metadata, tensors })).rejects.toThrow(RangeError);
    await expect(writeGguf(inside("cut.gguf"), { metadata: base.metadata, tensors })).rejects.toThrow("EEXIST");
  });
});
