import { constants } from "node:fs";
import { copyFile, type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { knownType } from "../../quant/ggml-types.js";
import type { NativePool } from "../../quant/native-pool.js";
import { roundTripTensor } from "../../quant/round-trip-tensor.js";
import type { SourceTensor } from "../../quant/source-tensor.js";
import type { Source } from "../ggml-source.js";
import { requiredInput, type StageContext } from "../stage.js";
import { storableTypes } from "./candidates.js";

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
  /** Tensors that differ from the base, with the type they were quantized to. */
  readonly #changed = new Map<string, string>();

  private constructor(file: FileHandle, source: Source, pool: NativePool) {
    this.#file = file;
    this.#source = source;
    this.#pool = pool;
  }

  /** Copies the base model. The caller closes the result. */
  static async open(context: StageContext, source: Source, pool: NativePool): Promise<ProbeModel> {
    const path = join(context.work, "probe.gguf");
    await copyFile(requiredInput(context, "model"), path, constants.COPYFILE_FICLONE);
    return new ProbeModel(await open(path, "r+"), source, pool);
  }

  /** Rounds every tensor in `types` through its type, or that type's fallback, and restores all others. */
  async setTypes(types: ReadonlyMap<string, string>): Promise<void> {
    for (const name of [...this.#changed.keys()]) if (!types.has(name)) await this.#restore(name);
    for (const [name, type] of types) if (this.#changed.get(name) !== type) await this.#roundTrip(name, type);
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  async #roundTrip(name: string, type: string): Promise<void> {
    const tensor = this.#tensor(name);
    const [to] = storableTypes([type], tensor.shape[0] ?? 1);
    if (to === undefined) throw new Error(`${name} cannot be stored as ${type}`);
    await this.#overwrite(tensor, to.name, await this.#source.importanceOf(name));
    this.#changed.set(name, type);
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

  async #overwrite(
    tensor: SourceTensor,
    type: string,
    importance: Awaited<ReturnType<Source["importanceOf"]>>,
  ): Promise<void> {
    let at = tensor.offset;
    for await (const piece of roundTripTensor({ pool: this.#pool, tensor, to: knownType(type), importance })) {
      for (let done = 0; done < piece.length; ) {
        const { bytesWritten } = await this.#file.write(piece, done, piece.length - done, at + done);
        done += bytesWritten;
      }
      at += piece.length;
    }
  }
}
