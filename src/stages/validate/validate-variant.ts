import type { KldFigures } from "../../llamacpp/kl-divergence.js";
import { checkGates, type GateBreach } from "../../release/check-gates.js";
import type { GateLimit } from "../../release/gates.js";
import type { CategoryQuality, VariantQuality } from "../../release/release-report.js";
import type { JsonObject } from "../../util/canonical-json.js";
import { requireMemory } from "../require-memory.js";
import { type Operation, requiredInput, type Shard, type StageContext } from "../stage.js";
import { readReport, writeReport } from "../step-files.js";
import type { BaseReport } from "./base-logits.js";
import { BlockRunner } from "./block-runner.js";
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
  chatTemplate?: true;
  context: number;
  /** Available chunks; `chunks` is smaller if the gates were decided early. */
  chunksAvailable: number;
  /** Limits that were exceeded; empty if the variant passed. */
  breaches: GateBreach[];
  /** Whether the gates were decided before the last chunk. */
  decided: boolean;
  /** Those of each category by name; absent for an evaluation without categories. */
  categories?: Readonly<Record<string, CategoryQuality>>;
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
  version: 3,
  resource: "compute",
  usesDevices: () => true,
  tools: ["llama.cpp"],
  // Gates may be decided after one block, so blocks are not measured ahead unless all are needed.
  isShardable: ({ referenced }) => referenced,
  async run(params, context) {
    requireIntact(await readReport<StructureReport>(requiredInput(context, "structure")));
    const base = await readReport<BaseReport>(requiredInput(context, "baseReport"));
    await requireMemory(context, base.context);
    const before = await readReport<ValidateReport>(context.input("before"));
    const references = await readReferences(params.limits, context);
    const blocks = [...(before?.blocks ?? [])];
    const inBlocks = params.limits.length > 0 || params.referenced;
    const lists = inBlocks ? dealChunks(base.chunks, base.context) : [allOf(base.chunks)];
    const runner = await BlockRunner.open(context, base, lists);
    let decided = before?.decided ?? false;
    try {
      if (context.shard !== undefined) {
        await runner.measureAll(blocksOfShard(context.shard, lists));
        return runner.report();
      }
      for (const index of decided ? [] : lists.keys()) {
        blocks.push(await runner.measure(index, index + 1));
        const verdict = sequentialVerdict(blocks, params.limits, lists.length * params.parts, blocksOf(references));
        decided = inBlocks && !params.referenced && verdict !== "open";
        if (decided) break;
      }
    } finally {
      await runner.close();
    }
    const figures = combineBlocks(blocks);
    const report: ValidateReport = {
      ...figures,
      corpus: base.corpus,
      corpusSha256: base.corpusSha256,
      ...(base.chatTemplate ? { chatTemplate: true } : {}),
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

/** Returns the index of every n-th block. */
function blocksOfShard({ index, count }: Shard, lists: readonly number[][]): number[] {
  return [...lists.keys()].filter((block) => block % count === index - 1);
}

const allOf = (chunks: number) => Array.from({ length: chunks }, (_, chunk) => chunk);

type References = ReadonlyMap<string, ValidateReport>;

/** Reads the reports of the variants that relative limits name. */
export async function readReferences(limits: readonly GateLimit[], context: StageContext): Promise<References> {
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

/** Returns the metrics without the measured blocks, which stay in the store. */
export function publicQuality({
  breaches: _breaches,
  decided: _decided,
  blocks: _blocks,
  ...figures
}: ValidateReport): VariantQuality {
  return figures;
}
