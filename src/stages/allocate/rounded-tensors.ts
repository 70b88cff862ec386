import { join } from "node:path";
import type { FileRange } from "../../gguf/write-gguf.js";
import { listableName, roundTensors } from "../../llamacpp/round.js";
import { canonicalJson } from "../../util/canonical-json.js";
import { sha256 } from "../../util/sha256.js";
import type { StageContext } from "../stage.js";
import { linkInput, linkPartial, toolRun } from "../step-files.js";

/** Tensors rounded with error feedback for measurements of a variant, each pair of tensor and type once. */
export class RoundedTensors {
  readonly #context: StageContext;
  /** Folder of the data files, which survives a killed run. */
  readonly #kept: string;
  readonly #files: { model: string; moments: string };
  /** By `tensor type`; null for a pair that must be rounded to nearest. */
  readonly #places = new Map<string, FileRange | null>();

  private constructor(context: StageContext, kept: string, files: { model: string; moments: string }) {
    this.#context = context;
    this.#kept = kept;
    this.#files = files;
  }

  /** Requires the inputs `model` and `moments`. */
  static async open(context: StageContext): Promise<RoundedTensors> {
    const kept = await linkPartial(context);
    const files = {
      model: await linkInput(context, "model", "model.gguf"),
      moments: await linkInput(context, "moments", "moments.gguf"),
    };
    return new RoundedTensors(context, kept, files);
  }

  /** Rounds the pairs that are not rounded yet. Errors: see `roundTensors` in llamacpp/round.ts. */
  async add(types: ReadonlyMap<string, string>): Promise<void> {
    const missing = [...types].filter(
      ([name, type]) => listableName.test(name) && !this.#places.has(`${name} ${type}`),
    );
    if (missing.length === 0) return;
    // Progress counts measurements.
    const { onProgress: _tensors, ...run } = await toolRun(this.#context);
    const { tensors, data } = await roundTensors({
      ...run,
      ...this.#files,
      types: new Map(missing.map(([name, type]) => [name, [type]])),
      out: `${this.#kept}/rounded-${sha256(canonicalJson(missing)).slice(0, 12)}`,
    });
    const path = join(this.#context.work, data);
    for (const { tensor, feedback, offset } of tensors) {
      this.#places.set(`${tensor} ${types.get(tensor)}`, feedback ? { path, offset } : null);
    }
  }

  /** Returns the bytes of an added pair; undefined if the tensor must be rounded to nearest. */
  find(tensor: string, type: string): FileRange | undefined {
    return this.#places.get(`${tensor} ${type}`) ?? undefined;
  }
}
