import { constants } from "node:fs";
import { copyFile, type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { type GgmlType, knownType } from "../../quant/ggml-types.js";
import type { NativePool } from "../../quant/native-pool.js";
import { roundTripTensor } from "../../quant/round-trip-tensor.js";
import { rowRanges } from "../../quant/row-ranges.js";
import type { SourceTensor } from "../../quant/source-tensor.js";
import type { Source } from "../ggml-source.js";
import { requiredInput, type StageContext } from "../stage.js";
import { storableTypes } from "./candidates.js";
import type { RoundedTensors } from "./rounded-tensors.js";

/**
 * A private copy of the base model in the working folder, in which tensors are damaged and restored in place, so that
 * only changed tensors are written between measurements. The copy is a reflink where the file system supports it.
 */
export class ProbeModel {
  /** Name in the working folder. */
  readonly name = "probe.gguf";
  readonly #file: FileHandle;
  readonly #source: Source;
  readonly #pool: NativePool;
  readonly #rounded: RoundedTensors | undefined;
  /** Tensors that differ from the base, with the type they were quantized to. */
  readonly #changed = new Map<string, string>();

  private constructor(file: FileHandle, source: Source, pool: NativePool, rounded: RoundedTensors | undefined) {
    this.#file = file;
    this.#rounded = rounded;
    this.#source = source;
    this.#pool = pool;
  }

  /** Copies the base model. `rounded` selects error-feedback rounding. The caller closes the result. */
  static async open(
    context: StageContext,
    source: Source,
    pool: NativePool,
    rounded?: RoundedTensors,
  ): Promise<ProbeModel> {
    const path = join(context.work, "probe.gguf");
    await copyFile(requiredInput(context, "model"), path, constants.COPYFILE_FICLONE);
    return new ProbeModel(await open(path, "r+"), source, pool, rounded);
  }

  /** Rounds every tensor in `types` through its type, or that type's fallback, and restores all others. */
  async setTypes(types: ReadonlyMap<string, string>): Promise<void> {
    for (const name of [...this.#changed.keys()]) if (!types.has(name)) await this.#restore(name);
    const changes = [...types].filter(([name, type]) => this.#changed.get(name) !== type);
    await this.#rounded?.add(new Map(changes.map(([name, type]) => [name, this.#storedType(name, type).name])));
    for (const [name, type] of changes) await this.#roundTrip(name, type);
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  async #roundTrip(name: string, type: string): Promise<void> {
    const tensor = this.#tensor(name);
    const to = this.#storedType(name, type);
    const place = this.#rounded?.find(name, to.name);
    if (place !== undefined)
      await this.#write(tensor, dequantize(this.#pool, { ...tensor, ...place, type: to }, tensor.type));
    else await this.#overwrite(tensor, to.name, await this.#source.importanceOf(name));
    this.#changed.set(name, type);
  }

  #storedType(name: string, type: string): GgmlType {
    const [to] = storableTypes([type], this.#tensor(name).shape[0] ?? 1);
    if (to === undefined) throw new Error(`${name} cannot be stored as ${type}`);
    return to;
  }

  async #restore(name: string): Promise<void> {
    const tensor = this.#tensor(name);
    // A round trip through its own type is the identity.
    await this.#overwrite(tensor, tensor.type.name, undefined);
    this.#changed.delete(name);
  }

  #tensor(name: string): SourceTensor {
    const tensor = this.#source.tensors.get(name);
    if (tensor === undefined) throw new Error(`the model has no tensor ${name}`);
    return tensor;
  }

  #overwrite(
    tensor: SourceTensor,
    type: string,
    importance: Awaited<ReturnType<Source["importanceOf"]>>,
  ): Promise<void> {
    return this.#write(tensor, roundTripTensor({ pool: this.#pool, tensor, to: knownType(type), importance }));
  }

  async #write(tensor: SourceTensor, pieces: AsyncIterable<Uint8Array>): Promise<void> {
    let at = tensor.offset;
    for await (const piece of pieces) {
      for (let done = 0; done < piece.length; ) {
        const { bytesWritten } = await this.#file.write(piece, done, piece.length - done, at + done);
        done += bytesWritten;
      }
      at += piece.length;
    }
  }
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
