import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import type { Gguf, GgufTensor } from "../../src/gguf/gguf.js";
import { metadataNumber, metadataString } from "../../src/gguf/metadata.js";
import { pinnedGgmlLibrary } from "../../src/llamacpp/toolchain/ggml-library.js";
import { type Ggml, openGgml, pinGgml } from "../../src/quant/ggml-native.js";
import { hfName } from "./tensor-names.js";

/** Bytes read at once, a multiple of every block. */
const pieceBlocks = 1 << 16;

/** Writes `model.safetensors` with a GGUF's weights in BF16, under their names and in their order of `transformers`. */
export async function writeWeights(gguf: Gguf, folder: string): Promise<void> {
  const architecture = metadataString(gguf, "general.architecture") ?? "";
  const library = await pinnedGgmlLibrary();
  pinGgml(library);
  const ggml = openGgml(library);
  const named = gguf.tensors
    .map((tensor) => ({ tensor, name: hfName(tensor.name, architecture) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const source = await open(gguf.path, "r");
  const target = await open(join(folder, "model.safetensors"), "w");
  try {
    await target.write(header(named));
    for (const { tensor } of named) {
      const values = await readBfloats(ggml, source, tensor, gemmaNorm(architecture, tensor) ? 1 : 0);
      const heads = rotaryHeads(gguf, architecture, tensor);
      await target.write(heads === undefined ? values : separateHalves(values, tensor, heads));
    }
  } finally {
    await source.close();
    await target.close();
  }
}

function header(named: readonly { tensor: GgufTensor; name: string }[]): Buffer {
  const entries: Record<string, object> = { __metadata__: { format: "pt" } };
  let end = 0;
  for (const { tensor, name } of named) {
    const begin = end;
    end += 2 * tensor.shape.reduce((product, size) => product * size, 1);
    entries[name] = { dtype: "BF16", shape: tensor.shape.toReversed(), data_offsets: [begin, end] };
  }
  const json = JSON.stringify(entries);
  const text = Buffer.from(json.padEnd(Math.ceil(json.length / 8) * 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text]);
}

/** llama.cpp's norms of Gemma contain the 1 that `transformers` adds. */
function gemmaNorm(architecture: string, { name }: GgufTensor): boolean {
  return architecture.startsWith("gemma") && name.endsWith("norm.weight");
}

/** Number of heads of a tensor whose rotary pairs llama.cpp's `llama` interleaves; undefined for all others. */
function rotaryHeads(gguf: Gguf, architecture: string, { name }: GgufTensor): number | undefined {
  if (architecture !== "llama") return undefined;
  if (name.endsWith("attn_q.weight")) return metadataNumber(gguf, "llama.attention.head_count");
  if (name.endsWith("attn_k.weight")) return metadataNumber(gguf, "llama.attention.head_count_kv");
  return undefined;
}

/** Reads a tensor and rounds its values, minus `subtracted`, to BF16. */
async function readBfloats(
  ggml: Ggml,
  file: FileHandle,
  { type, offset, bytes }: GgufTensor,
  subtracted: number,
): Promise<Uint8Array> {
  const target = new Uint16Array((bytes / type.blockBytes) * type.blockSize);
  let filled = 0;
  for (let at = 0; at < bytes; at += pieceBlocks * type.blockBytes) {
    const piece = new Uint8Array(Math.min(pieceBlocks * type.blockBytes, bytes - at));
    await file.read(piece, 0, piece.length, offset + at);
    const values = ggml.dequantizeRows(type, piece);
    if (subtracted !== 0) for (let i = 0; i < values.length; i++) values[i] = (values[i] ?? 0) - subtracted;
    const bits = new Uint32Array(values.buffer);
    // Round to nearest, ties to even.
    for (const value of bits) target[filled++] = (value + 0x7fff + ((value >>> 16) & 1)) >>> 16;
  }
  return new Uint8Array(target.buffer);
}

/** The inverse of `interleaveHeads` in src/converter/values. */
function separateHalves(source: Uint8Array, { shape: [columns = 0, rows = 0] }: GgufTensor, heads: number): Uint8Array {
  const target = new Uint8Array(source.length);
  const rowBytes = 2 * columns;
  const perHead = rows / heads;
  for (let row = 0; row < rows; row++) {
    const inHead = row % perHead;
    const to = row - inHead + (inHead % 2) * (perHead / 2) + Math.floor(inHead / 2);
    target.set(source.subarray(row * rowBytes, (row + 1) * rowBytes), to * rowBytes);
  }
  return target;
}
