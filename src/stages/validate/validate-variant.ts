import { rm } from "node:fs/promises";
import { join } from "node:path";
import { extractChunks, scoredTokens } from "../../llamacpp/base-logits.js";
import { type KldFigures, type KldResult, measureKld } from "../../llamacpp/kl-divergence.js";
import { checkGates, type GateBreach } from "../../release/check-gates.js";
import type { GateLimit } from "../../release/gates.js";
import type { JsonObject } from "../../util/canonical-json.js";
import { type Operation, type OperationReport, requiredInput, type Shard, type StageContext } from "../stage.js";
import { linkInput, readReport, toolRun, writeReport } from "../step-files.js";
import type { BaseReport } from "./base-logits.js";
import { BlockJournal } from "./block-journal.js";
import { requireIntact, type StructureReport } from "./check-structure.js";
import { type Block, combineBlocks } from "./combine-blocks.js";
import { dealChunks, sequentialVerdict } from "./sequential-verdict.js";

export interface ValidateParams extends JsonObject {
  /** Limits that can end the measurement early; without limits, one tool run measures the whole text. */
  limits: readonly GateLimit[];
  /** Whether limits of other variants refer to this one, so that all of its chunks are measured. */
  referenced: boolean;
  /** Number of parts of the base logits; this step measures one of them. */
  parts: number;
}

/** `quality.json`: figures of llama-perplexity for one variant against the base. */
export interface ValidateReport extends KldFigures {
  corpus: string;
  corpusSha256: string;
  context: number;
  /** Available chunks; `chunks` is smaller if the gates were decided early. */
  chunksAvailable: number;
  /** Limits that were exceeded; empty if the variant passed. */
  breaches: GateBreach[];
  /** Whether the gates were decided before the last chunk. */
  decided: boolean;
  /** Measured blocks, for variants with limits relative to this one. */
  blocks: Block[];
}

/**
 * Measures one variant against the base's logits, block by block, until its gates are decided or the text ends.
 * Inputs `model`, `base` (logits), `baseReport`, `structure`, optional `before` (`quality.json` of the previous part) and,
 * for relative limits, `of:<variant>`; output `quality.json`. Blocks of a killed run are reused.
 * Errors: QS-VALIDATE-*, QS-ENV-OOM.
 */
export const validateVariant: Operation<ValidateParams> = {
  id: "measure-quality",
  stage: "validate",
  version: 2,
  resource: "compute",
  evaluatesModel: () => true,
  tools: ["llama.cpp"],
  // Gates may be decided after one block, so blocks are not measured ahead unless all are needed.
  isShardable: ({ referenced }) => referenced,
  async run(params, context) {
    requireIntact(await readReport<StructureReport>(requiredInput(context, "structure")));
    const base = await readReport<BaseReport>(requiredInput(context, "baseReport"));
    const before = await readReport<ValidateReport>(context.input("before"));
    const references = await readReferences(params.limits, context);
    const blocks = [...(before?.blocks ?? [])];
    const inBlocks = params.limits.length > 0 || params.referenced;
    const lists = inBlocks ? dealChunks(base.chunks, base.context) : [allOf(base.chunks)];
    const runner = await BlockRunner.open(context, base);
    if (context.shard !== undefined) {
      for (const [index, chunks] of blocksOfShard(context.shard, lists)) await runner.measure(index, chunks);
      return runner.report();
    }
    let decided = before?.decided ?? false;
    for (const [index, chunks] of lists.entries()) {
      if (decided) break;
      blocks.push(await runner.measure(index, chunks));
      const verdict = sequentialVerdict(blocks, params.limits, lists.length * params.parts, blocksOf(references));
      decided = inBlocks && !params.referenced && verdict !== "open";
    }
    const figures = combineBlocks(blocks);
    const report: ValidateReport = {
      ...figures,
      corpus: base.corpus,
      corpusSha256: base.corpusSha256,
      context: base.context,
      chunksAvailable: (before?.chunksAvailable ?? 0) + base.chunks,
      breaches: checkGates(figures, params.limits, figuresOf(references, blocks.length)),
      decided,
      blocks,
    };
    await writeReport(context, "quality.json", report);
    return runner.report();
  },
};

/** Returns every n-th block with its index. */
function blocksOfShard({ index, count }: Shard, lists: readonly number[][]): [number, number[]][] {
  return [...lists.entries()].filter(([block]) => block % count === index - 1);
}

const allOf = (chunks: number) => Array.from({ length: chunks }, (_, chunk) => chunk);

type References = ReadonlyMap<string, ValidateReport>;

async function readReferences(limits: readonly GateLimit[], context: StageContext): Promise<References> {
  const names = new Set(limits.flatMap(({ limit }) => (typeof limit === "number" ? [] : [limit.of])));
  const reports = [...names].map(
    async (name) => [name, await readReport<ValidateReport>(requiredInput(context, referenceInput(name)))] as const,
  );
  return new Map(await Promise.all(reports));
}

/** Returns the input name of the reference variant of a relative limit. */
export const referenceInput = (variant: string) => `of:${variant}`;

const blocksOf = (references: References) => new Map([...references].map(([name, { blocks }]) => [name, blocks]));

/** Returns the figures of the reference variants on the first `count` blocks. */
const figuresOf = (references: References, count: number) =>
  new Map([...references].map(([name, { blocks }]) => [name, combineBlocks(blocks.slice(0, count))]));

/** Measures blocks, or reads them from the journal of a killed run. */
class BlockRunner {
  readonly #context: StageContext;
  readonly #base: BaseReport;
  readonly #journal: BlockJournal;
  readonly #model: string;
  readonly #logits: string;
  #done = 0;
  #resumed = 0;
  #commands: string[][] = [];
  #peakMemoryBytes = 0;

  private constructor(context: StageContext, base: BaseReport, journal: BlockJournal, files: [string, string]) {
    this.#context = context;
    this.#base = base;
    this.#journal = journal;
    [this.#model, this.#logits] = files;
  }

  static async open(context: StageContext, base: BaseReport): Promise<BlockRunner> {
    const files: [string, string] = [
      await linkInput(context, "model", "model.gguf"),
      await linkInput(context, "base", "base.kld"),
    ];
    return new BlockRunner(context, base, new BlockJournal(await context.partial()), files);
  }

  async measure(index: number, chunks: readonly number[]): Promise<Block> {
    const before = await this.#journal.find(index);
    const block = before ?? (await this.#measure(chunks));
    if (before === undefined) await this.#journal.keep(index, block);
    else this.#resumed++;
    this.#done += chunks.length;
    return block;
  }

  report(): OperationReport {
    return {
      commands: this.#commands,
      peakMemoryBytes: this.#peakMemoryBytes,
      measurements: { blocksResumed: this.#resumed },
    };
  }

  async #measure(chunks: readonly number[]): Promise<Block> {
    const result = await this.#run(chunks);
    if (this.#commands.length === 0) this.#commands.push(result.argv);
    this.#peakMemoryBytes = Math.max(this.#peakMemoryBytes, result.peakMemoryBytes);
    const { figures, quantiles, perChunk } = result;
    return { figures, quantiles, perChunk, tokens: chunks.length * scoredTokens(this.#base.context) };
  }

  async #run(chunks: readonly number[]): Promise<KldResult> {
    const run = await toolRun(this.#context);
    const onProgress: typeof run.onProgress = (progress) =>
      run.onProgress?.({ ...progress, done: this.#done + progress.done, total: this.#base.chunks });
    if (chunks.length === this.#base.chunks) {
      return measureKld({ ...run, onProgress, model: this.#model, base: this.#logits });
    }
    const file = join(this.#context.work, "block.kld");
    await extractChunks(join(this.#context.work, this.#logits), file, chunks);
    const result = await measureKld({ ...run, onProgress, model: this.#model, base: "block.kld" });
    await rm(file);
    return result;
  }
}
