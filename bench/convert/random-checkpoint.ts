import { type FileHandle, open, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** One tensor of a synthetic checkpoint. */
export interface RandomTensor {
  name: string;
  shape: readonly number[];
  dtype: "BF16" | "F16" | "F32";
  /** Values are between 1 and 2 for a norm, and between -1/8 and 1/8 for other tensors. */
  around: 0 | 1;
}

interface PlacedTensor extends RandomTensor {
  bytes: number;
}

const valueBytes = { BF16: 2, F16: 2, F32: 4 };
const pieceBytes = 4 << 20;

/**
 * Writes a checkpoint's weights to `folder`: `model.safetensors`, or `files` shards with an index if `files` is above 1.
 * A tensor's values depend on its name alone, so order and sharding do not change them. Like transformers, it distributes
 * the tensors in the model's order and sorts them by name within a file.
 */
export async function writeRandomCheckpoint(
  folder: string,
  tensors: readonly RandomTensor[],
  files = 1,
): Promise<void> {
  const placed = tensors.map((tensor) => ({ ...tensor, bytes: tensorBytes(tensor) }));
  const total = placed.reduce((sum, { bytes }) => sum + bytes, 0);
  const shards: PlacedTensor[][] = Array.from({ length: files }, () => []);
  let before = 0;
  for (const tensor of placed) {
    shards[Math.min(files - 1, Math.floor((before / total) * files))]?.push(tensor);
    before += tensor.bytes;
  }
  const number = (value: number) => `${value}`.padStart(5, "0");
  const name = (index: number) =>
    files === 1 ? "model.safetensors" : `model-${number(index + 1)}-of-${number(files)}.safetensors`;
  for (const [index, shard] of shards.entries()) await writeShard(join(folder, name(index)), shard);
  if (files === 1) return;
  const places = shards.flatMap((shard, index) => shard.map((tensor) => [tensor.name, name(index)]));
  const index = { metadata: { total_size: total }, weight_map: Object.fromEntries(places) };
  await writeFile(join(folder, "model.safetensors.index.json"), `${JSON.stringify(index, null, 2)}\n`);
}

async function writeShard(path: string, tensors: PlacedTensor[]): Promise<void> {
  const sorted = tensors.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  let end = 0;
  const entries = sorted.map(({ name, dtype, shape, bytes }) => {
    end += bytes;
    return [name, { dtype, shape, data_offsets: [end - bytes, end] }];
  });
  const json = JSON.stringify({ __metadata__: { format: "pt" }, ...Object.fromEntries(entries) });
  const header = Buffer.from(json.padEnd(Math.ceil(json.length / 8) * 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const file = await open(path, "w");
  try {
    await file.writev([length, header]);
    for (const tensor of sorted) await writeValues(file, tensor);
  } finally {
    await file.close();
  }
}

async function writeValues(file: FileHandle, { name, dtype, around, bytes }: PlacedTensor): Promise<void> {
  const fill = randomValues(name, dtype, around);
  for (let written = 0; written < bytes; ) {
    const piece = new ArrayBuffer(Math.min(pieceBytes, bytes - written));
    fill(piece);
    await file.write(new Uint8Array(piece));
    written += piece.byteLength;
  }
}

/** Sign and exponent of 1 to 2, and of 1/64 to 1/8 (the lowest of three exponents), as the type's bits. */
const layouts = {
  BF16: { one: 127 << 7, small: 121 << 7, exponent: 1 << 7, mantissa: 0x7f, sign: 0x8000 },
  F16: { one: 15 << 10, small: 9 << 10, exponent: 1 << 10, mantissa: 0x3ff, sign: 0x8000 },
  F32: { one: 127 << 23, small: 121 << 23, exponent: 1 << 23, mantissa: 0x7fffff, sign: 0x80000000 },
};

/** Returns a function that fills successive buffers with a tensor's values: xorshift32 seeded with the tensor's name. */
function randomValues(name: string, dtype: RandomTensor["dtype"], around: 0 | 1): (piece: ArrayBuffer) => void {
  const { one, small, exponent, mantissa, sign } = layouts[dtype];
  let state = seedOf(name);
  return (piece) => {
    const values = valueBytes[dtype] === 2 ? new Uint16Array(piece) : new Uint32Array(piece);
    for (let i = 0; i < values.length; i++) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      const bits = state & mantissa;
      // Only in F32 do the state's top bits reach the mantissa, and the correlation is harmless there.
      values[i] = around === 1 ? one | bits : (small + ((state >>> 29) % 3) * exponent) | bits | (state & 1 ? sign : 0);
    }
  };
}

/** FNV-1a, never 0. */
function seedOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash === 0 ? 1 : hash;
}

function tensorBytes({ shape, dtype }: RandomTensor): number {
  return shape.reduce((product, size) => product * size, valueBytes[dtype]);
}
