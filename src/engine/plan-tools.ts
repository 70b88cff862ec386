import { mkdtemp } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { describeToolchain } from "../llamacpp/toolchain/toolchain.js";
import type { ForeseeContext } from "../stages/stage.js";
import { QuantsmithError } from "../util/errors.js";
import { makeTemporaryFolder, type TemporaryFolder } from "../util/temporary-folder.js";

/** Errors of a recipe that a plan reports; others may be due to this machine, and the step reports them. */
const refusals: ReadonlySet<string> = new Set([
  ...["QS-QUANTIZE-LARGER", "QS-QUANTIZE-REQUANTIZE"],
  ...["QS-CONVERT-TOKENIZER", "QS-CONVERT-PRETOKENIZER", "QS-CONVERT-CONFIG", "QS-LFS-POINTER"],
]);

/** What the estimate of a plan computes with: built tools, a temporary folder, and results that steps share. */
export class PlanTools {
  readonly #results = new Map<string, Promise<unknown>>();
  #status: ReturnType<typeof describeToolchain> | undefined;
  #folder: Promise<TemporaryFolder> | undefined;

  /** Calls `action`; undefined without tools, or if it fails. Throws the errors in `refusals`. */
  async use<T>(action: (context: ForeseeContext) => Promise<T | undefined>): Promise<T | undefined> {
    try {
      this.#status ??= describeToolchain();
      const tools = await this.#status;
      if (tools.state !== "ready") return undefined;
      // A plan must not change the store.
      this.#folder ??= makeTemporaryFolder();
      const work = await mkdtemp(join((await this.#folder).path, "step-"));
      return await action({
        work,
        partial: () => Promise.resolve(work),
        toolchain: () => Promise.resolve(tools.toolchain),
        threads: availableParallelism(),
        signal: new AbortController().signal,
        once: (key, compute) => this.#once(key, compute),
      });
    } catch (error) {
      if (error instanceof QuantsmithError && refusals.has(error.code)) throw error;
      return undefined;
    }
  }

  /** Removes the temporary folder. */
  async close(): Promise<void> {
    const folder = await this.#folder?.catch(() => undefined);
    await folder?.remove();
  }

  #once<T>(key: string, compute: () => Promise<T>): Promise<T> {
    const result = this.#results.get(key) ?? compute();
    this.#results.set(key, result);
    return result as Promise<T>;
  }
}
