import type { HeaderPlan } from "../../src/gguf/encode-header.js";
import type { GgufValue } from "../../src/gguf/gguf.js";
import { type NewTensor, type WrittenGguf, writeGguf } from "../../src/gguf/write-gguf.js";
import { type GgmlType, knownType, rowBytes } from "../../src/quant/ggml-types.js";
import type { ModelShape } from "./architectures.js";

/** Offsets of the F16 scales in a block of each type; the other bytes of a block are arbitrary. */
const scaleOffsets: Readonly<Record<string, readonly number[]>> = { Q8_0: [0], Q4_0: [0], Q4_K: [0, 2], F16: [] };
/** 2^-8 as F16: small numbers, so that no sum overflows. */
const smallScale = 0x1c00;

/**
 * Writes a model with random weights: matrices in `type` (Q8_0, Q4_0, Q4_K or F16), the rest in F32. `vocabulary` is the
 * metadata of a tokenizer with the shape's number of tokens.
 */
export function writeModel(
  path: string,
  shape: ModelShape,
  type: string,
  vocabulary: ReadonlyMap<string, GgufValue>,
): Promise<WrittenGguf> {
  const { metadata, tensors } = headerOf(shape, type, vocabulary);
  return writeGguf(path, {
    metadata,
    tensors: tensors.map((tensor): NewTensor => ({ ...tensor, data: randomData(tensor.type, tensor.shape) })),
  });
}

/** Writes only the header, of any type, for simulations. */
export function headerOf(shape: ModelShape, type: string, vocabulary: ReadonlyMap<string, GgufValue>): HeaderPlan {
  const metadata = new Map<string, GgufValue>([
    ["general.architecture", { type: "string", value: shape.architecture }],
    ...Object.entries(shape.metadata).map(([key, value]) => [`${shape.architecture}.${key}`, value] as const),
    ...[...vocabulary].filter(([key]) => key.startsWith("tokenizer.")),
  ]);
  const tensors = shape.tensors.map((tensor) => ({ ...tensor, type: knownType(isMatrix(tensor) ? type : "F32") }));
  return { metadata, tensors };
}

/** llama.cpp requires vectors, convolutions and expert routers in F32. */
function isMatrix({ name, shape }: { name: string; shape: readonly number[] }): boolean {
  return shape.length > 1 && (shape[0] ?? 0) >= 32 && !/norm|conv|ssm_[ad]$|ffn_gate_inp/.test(name);
}

async function* randomData(type: GgmlType, shape: readonly number[]): AsyncGenerator<Uint8Array, void, void> {
  const total = rowBytes(type, shape[0] ?? 1) * shape.slice(1).reduce((product, size) => product * size, 1);
  const pattern = randomBlocks(type, Math.min(total, 2 ** 20 - (2 ** 20 % type.blockBytes)));
  for (let done = 0; done < total; done += pattern.length)
    yield pattern.subarray(0, Math.min(pattern.length, total - done));
}

function randomBlocks(type: GgmlType, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  if (type.name === "F32") {
    for (let at = 0; at < bytes; at += 4) buffer.writeFloatLE(0.5 + Math.random() / 2, at);
    return buffer;
  }
  // F16: random sign, magnitude near the scale. Other types: arbitrary bits except the scales of a block.
  for (let at = 0; at < bytes; at += 2) {
    const bits = Math.floor(Math.random() * 0x10000);
    buffer.writeUInt16LE(type.name === "F16" ? (bits & 0x83ff) | smallScale : bits, at);
  }
  for (let at = 0; at < bytes; at += type.blockBytes) {
    for (const offset of scaleOffsets[type.name] ?? []) buffer.writeUInt16LE(smallScale, at + offset);
  }
  return buffer;
}
