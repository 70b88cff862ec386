import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import type { ModelChange, TensorValues } from "../../llamacpp/probe.js";
import type { GgmlType } from "../../quant/ggml-types.js";
import type { NativePool } from "../../quant/native-pool.js";
import { roundTripTensor } from "../../quant/round-trip-tensor.js";
import { rowRanges } from "../../quant/row-ranges.js";
import type { SourceTensor } from "../../quant/source-tensor.js";
import type { Source } from "../ggml-source.js";
import type { StageContext } from "../stage.js";
import { storableTypes } from "./candidates.js";
import type { RoundedTensors } from "./rounded-tensors.js";

/** Name in the working folder. */
const valuesFile = "values.bin";

/** Computes the values of quantized tensors for `llama-probe`, only of those that change between measurements. */
export class ProbeValues {
  readonly #path: string;
  readonly #source: Source;
  readonly #pool: NativePool;
  readonly #rounded: RoundedTensors | undefined;
  /** Tensors that differ from the base, with the type they were quantized to. */
  readonly #changed = new Map<string, string>();

  /** `rounded` selects error-feedback rounding. */
  constructor(context: Pick<StageContext, "work">, source: Source, pool: NativePool, rounded?: RoundedTensors) {
    this.#path = join(context.work, valuesFile);
    this.#source = source;
    this.#pool = pool;
    this.#rounded = rounded;
  }

  /**
   * Returns the change that quantizes every tensor in `types` to its type, or that type's fallback, and restores all
   * others. Overwrites the values of the last change. Errors: QS-GGML-*, and those of `RoundedTensors.add`.
   */
  async changeTo(types: ReadonlyMap<string, string>): Promise<ModelChange> {
    const restore = [...this.#changed.keys()].filter((name) => !types.has(name));
    const changes = [...types].filter(([name, type]) => this.#changed.get(name) !== type);
    await this.#rounded?.add(new Map(changes.map(([name, type]) => [name, this.#storedType(name, type).name])));
    const write: TensorValues[] = [];
    const file = await open(this.#path, "w");
    try {
      let offset = 0;
      for (const [name, type] of changes) {
        write.push({ tensor: name, file: valuesFile, offset });
        offset += await append(file, await this.#values(name, this.#storedType(name, type)));
      }
    } finally {
      await file.close();
    }
    for (const name of restore) this.#changed.delete(name);
    for (const [name, type] of changes) this.#changed.set(name, type);
    return { write, restore };
  }

  /** Returns a tensor's values after quantization to `to`, in its own type. */
  async #values(name: string, to: GgmlType): Promise<AsyncIterable<Uint8Array>> {
    const tensor = this.#tensor(name);
    const place = this.#rounded?.find(name, to.name);
    if (place !== undefined) return dequantize(this.#pool, { ...tensor, ...place, type: to }, tensor.type);
    const importance = await this.#source.importanceOf(name);
    return roundTripTensor({ pool: this.#pool, tensor, to, importance });
  }

  #storedType(name: string, type: string): GgmlType {
    const [to] = storableTypes([type], this.#tensor(name).shape[0] ?? 1);
    if (to === undefined) throw new Error(`${name} cannot be stored as ${type}`);
    return to;
  }

  #tensor(name: string): SourceTensor {
    const tensor = this.#source.tensors.get(name);
    if (tensor === undefined) throw new Error(`the model has no tensor ${name}`);
    return tensor;
  }
}

async function append(file: FileHandle, pieces: AsyncIterable<Uint8Array>): Promise<number> {
  let bytes = 0;
  for await (const piece of pieces) {
    await file.writeFile(piece);
    bytes += piece.length;
  }
  return bytes;
}

/** Yields a quantized tensor as values of the type `to`. */
async function* dequantize(
  pool: NativePool,
  tensor: SourceTensor,
  to: GgmlType,
): AsyncGenerator<Uint8Array, void, void> {
  function* tasks() {
    for (const rows of rowRanges(tensor, undefined)) yield { kind: "quantize" as const, rows, to: to.name };
  }
  yield* pool.stream(tasks());
}
