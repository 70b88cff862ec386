import { rm } from "node:fs/promises";
import { join } from "node:path";
import { extractChunks, scoredTokens } from "../../llamacpp/base-logits.js";
import { type KldResult, measureKld } from "../../llamacpp/kl-divergence.js";
import type { OperationReport, StageContext } from "../stage.js";
import { linkInput, toolRun } from "../step-files.js";
import type { BaseReport } from "./base-logits.js";
import { BlockJournal } from "./block-journal.js";
import type { Block } from "./combine-blocks.js";
import { rebaseBlock } from "./rebase-block.js";

/** Measures blocks of chunks, or reads them from the journal of a killed run. */
export class BlockRunner {
  readonly #context: StageContext;
  readonly #base: BaseReport;
  readonly #lists: readonly (readonly number[])[];
  readonly #journal: BlockJournal;
  readonly #model: string;
  readonly #logits: string;
  /** Copies of the base's logits that have been started, by block. */
  readonly #copies = new Map<number, Promise<string>>();
  #done = 0;
  #resumed = 0;
  #commands: string[][] = [];
  #peakMemoryBytes = 0;

  private constructor(
    context: StageContext,
    base: BaseReport,
    lists: readonly (readonly number[])[],
    files: { journal: BlockJournal; model: string; logits: string },
  ) {
    this.#context = context;
    this.#base = base;
    this.#lists = lists;
    this.#journal = files.journal;
    this.#model = files.model;
    this.#logits = files.logits;
  }

  /** `lists` has the chunks of each block. The caller closes the result. */
  static async open(
    context: StageContext,
    base: BaseReport,
    lists: readonly (readonly number[])[],
  ): Promise<BlockRunner> {
    const model = await linkInput(context, "model", "model.gguf");
    const logits = await linkInput(context, "base", "base.kld");
    return new BlockRunner(context, base, lists, { journal: new BlockJournal(await context.partial()), model, logits });
  }

  /** Measures these blocks, one after the other. */
  async measureAll(blocks: readonly number[]): Promise<void> {
    for (const [place, block] of blocks.entries()) await this.measure(block, blocks[place + 1]);
  }

  /**
   * Returns a block's figures. The logits of `next`, which is probably measured next, are copied meanwhile: on a GPU a copy
   * takes a third of the time of the evaluation.
   */
  async measure(index: number, next?: number): Promise<Block> {
    const before = await this.#journal.find(index);
    const block = before ?? (await this.#measure(index, next));
    if (before === undefined) await this.#journal.keep(index, block);
    else this.#resumed++;
    this.#done += this.#chunksOf(index).length;
    return block;
  }

  report(): OperationReport {
    return {
      commands: this.#commands,
      peakMemoryBytes: this.#peakMemoryBytes,
      measurements: { blocksResumed: this.#resumed },
    };
  }

  /** Waits for a copy that is no longer needed. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#copies.values());
  }

  async #measure(index: number, next: number | undefined): Promise<Block> {
    const result = await this.#run(index, next);
    if (this.#commands.length === 0) this.#commands.push(result.argv);
    this.#peakMemoryBytes = Math.max(this.#peakMemoryBytes, result.peakMemoryBytes);
    const chunks = this.#chunksOf(index);
    const logPerplexities = chunks.map((chunk) => this.#base.chunkLogPerplexities[chunk] ?? Number.NaN);
    const { figures, quantiles, perChunk } = rebaseBlock(result, logPerplexities);
    return { figures, quantiles, perChunk, tokens: chunks.length * scoredTokens(this.#base.context) };
  }

  async #run(index: number, next: number | undefined): Promise<KldResult> {
    const run = await toolRun(this.#context);
    const onProgress: typeof run.onProgress = (progress) =>
      run.onProgress?.({ ...progress, done: this.#done + progress.done, total: this.#base.chunks });
    if (this.#chunksOf(index).length === this.#base.chunks) {
      return measureKld({ ...run, onProgress, model: this.#model, base: this.#logits });
    }
    const base = await this.#copy(index);
    if (next !== undefined && next < this.#lists.length && (await this.#journal.find(next)) === undefined) {
      // An error is reported when the block is measured.
      this.#copy(next).catch(() => {});
    }
    const result = await measureKld({ ...run, onProgress, model: this.#model, base });
    await rm(join(this.#context.work, base));
    return result;
  }

  /** Copies the logits of a block to a file of the working folder, once; returns its name. */
  #copy(index: number): Promise<string> {
    const name = `block-${index}.kld`;
    const { work } = this.#context;
    const copy =
      this.#copies.get(index) ??
      extractChunks(join(work, this.#logits), join(work, name), this.#chunksOf(index)).then(() => name);
    this.#copies.set(index, copy);
    return copy;
  }

  #chunksOf(index: number): readonly number[] {
    return this.#lists[index] ?? [];
  }
}
