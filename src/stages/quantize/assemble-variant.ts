import type { VariantLayout } from "../../gguf/variant-layout.js";
import { type FileRange, type NewTensor, writeGguf } from "../../gguf/write-gguf.js";
import { type GgmlType, rowBytes } from "../../quant/ggml-types.js";
import type { NativePool } from "../../quant/native-pool.js";
import { rowRanges } from "../../quant/row-ranges.js";
import { type Importance, type SourceTensor, tensorRows } from "../../quant/source-tensor.js";

export interface AssembleOptions {
  pool: NativePool;
  layout: VariantLayout;
  /** Path of the base model that `layout` is derived from. */
  base: string;
  /** The type of every tensor. */
  types: ReadonlyMap<string, GgmlType>;
  /** File ranges of tensors that already exist in their type, by name. */
  finished: ReadonlyMap<string, FileRange>;
  /** Called for one tensor after the other, so that the imatrix need not fit into memory. */
  importanceOf: (name: string) => Promise<Importance | undefined>;
  signal: AbortSignal;
  onTensor: (done: number, total: number) => void;
}

/**
 * Writes a variant to `path`, which must not exist. Copies tensors that are finished or keep their type and quantizes the
 * others in one stream of rows, so that small tensors do not leave threads idle. Memory use is bounded for any model
 * size. Throws the errors of `NativePool.run` and system errors.
 */
export async function assembleVariant(path: string, options: AssembleOptions): Promise<void> {
  const { pool, layout, types, finished, signal, onTensor } = options;
  const tensors = layout.tensors.map((tensor) => {
    const to = types.get(tensor.name) ?? tensor.type;
    return { source: { ...tensor, path: options.base }, to, place: finished.get(tensor.name) };
  });
  const missing = tensors.filter(({ source, to, place }) => place === undefined && to !== source.type);
  const pieces = pool.stream(quantizeTasks(missing, options.importanceOf));
  async function* quantized(bytes: number, number: number) {
    yield* take(pieces, bytes);
    onTensor(number, tensors.length);
  }
  const toNew = ({ source, to, place }: (typeof tensors)[number], i: number): NewTensor => {
    const { name, shape } = source;
    if (place !== undefined || to === source.type) return { name, shape, type: to, data: place ?? source };
    return { name, shape, type: to, data: quantized(tensorBytes(source, to), i + 1) };
  };
  try {
    await writeGguf(path, { metadata: layout.metadata, tensors: tensors.map(toNew) }, { signal });
    onTensor(tensors.length, tensors.length);
  } finally {
    await pieces.return();
  }
}

async function* quantizeTasks(
  tensors: readonly { source: SourceTensor; to: GgmlType }[],
  importanceOf: AssembleOptions["importanceOf"],
) {
  for (const { source, to } of tensors) {
    for (const rows of rowRanges(source, await importanceOf(source.name))) {
      yield { kind: "quantize" as const, rows, to: to.name };
    }
  }
}

/** Yields the next pieces up to `bytes`; tensor and piece boundaries coincide. */
async function* take(pieces: AsyncIterator<Uint8Array, void, void>, bytes: number) {
  for (let taken = 0; taken < bytes; ) {
    const next = await pieces.next();
    if (next.done) return;
    taken += next.value.length;
    yield next.value;
  }
}

function tensorBytes(tensor: SourceTensor, type: GgmlType): number {
  const { columns, rows, experts } = tensorRows(tensor);
  return rowBytes(type, columns) * rows * experts;
}
