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
  /** What decides when enough is known; without limits everything is measured, in one run of the tool. */
  limits: readonly GateLimit[];
  /** Other variants' limits are made of this one's figures, so all of its chunks are measured. */
  referenced: boolean;
  /** How many parts the base logits come in; this step measures one of them. */
  parts: number;
}

/** `quality.json`: llama-perplexity's figures of one variant against the base. */
export interface ValidateReport extends KldFigures {
  corpus: string;
  corpusSha256: string;
  context: number;
  /** Chunks there were; fewer are used (`chunks`) when the gates were clear before. */
  chunksAvailable: number;
  /** Limits that are not kept; none means the variant passed. */
  breaches: GateBreach[];
  /** Whether the gates were clear before the last chunk. */
  decided: boolean;
  /** What was measured, block by block, for variants whose limits refer to this one. */
  blocks: Block[];
}

/**
 * Measures one variant against the base's logits, block by block, until its gates are clear or the text is used up.
 * Inputs `model`, `base` (logits), `baseReport`, `structure`, optional `before` (`quality.json` of the part before) and,
 * for relative limits, `of:<variant>`; output `quality.json`. What a killed run has measured is not measured again.
 * Errors: QS-VALIDATE-*, QS-ENV-OOM.
 */
export const validateVariant: Operation<ValidateParams> = {
  id: "measure-quality",
  stage: "validate",
  version: 2,
  resource: "compute",
  tools: ["llama.cpp"],
  // Gates may be clear after one block, so the others are not made ahead of it.
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

/** Every n-th block with its place in the whole. */
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

/** Input name of a variant that a relative limit names. */
export const referenceInput = (variant: string) => `of:${variant}`;

const blocksOf = (references: References) => new Map([...references].map(([name, { blocks }]) => [name, blocks]));

/** The figures of the named variants on the same blocks. */
const figuresOf = (references: References, count: number) =>
  new Map([...references].map(([name, { blocks }]) => [name, combineBlocks(blocks.slice(0, count))]));

/** Measures blocks, or takes them from the journal of a killed run. */
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
