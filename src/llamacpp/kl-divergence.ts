import { QuantsmithError } from "../util/errors.js";
import { requireBaseLogits } from "./base-logits.js";
import { modelLoadPattern, onDeviceRemedy } from "./input-failures.js";
import { type KldFigures, parseKldFigures, parseKldQuantiles, type Quantile } from "./kld-figures.js";
import { type ChunkFigures, parseChunkFigures } from "./kld-rows.js";
import { runOverChunks } from "./run-over-chunks.js";
import { toolFailure } from "./tool-failure.js";
import { fileArgument, type ToolReport, type ToolRun, toolReport } from "./tool-run.js";

export type { KldFigures } from "./kld-figures.js";

export interface KldOptions extends ToolRun {
  model: string;
  /** The file written by `saveBaseLogits`; it contains the text's tokens, the context and the chunks. */
  base: string;
}

export interface KldResult extends ToolReport {
  figures: KldFigures;
  /** The printed quantiles of the KLD, lowest first. */
  quantiles: Quantile[];
  perChunk: ChunkFigures[];
}

/**
 * Measures the KLD of a quantized model from its base (`llama-perplexity --kl-divergence`).
 * Throws `QS-VALIDATE-NAN`, `QS-VALIDATE-LOAD`, `QS-VALIDATE-FAILED`, `QS-ENV-OOM`, `QS-COMPUTE-*`.
 */
export async function measureKld(options: KldOptions): Promise<KldResult> {
  const base = await requireBaseLogits(options.cwd, fileArgument(options.base));
  const argsFor = (device: readonly string[]) => [
    ...["-m", fileArgument(options.model), "--kl-divergence", "--kl-divergence-base", options.base],
    ...["-c", `${base.context}`, "-t", `${options.threads}`],
    ...device,
  ];
  const { result, args } = await runOverChunks(options, "llama-perplexity", base.context, argsFor);
  const figures = result.exitCode === 0 ? parseKldFigures(result.stdout) : undefined;
  const wrongVocabulary = /inconsistent vocabulary/.test(result.stderr);
  if (figures === undefined || figures.chunks !== base.chunks || wrongVocabulary) {
    throw toolFailure(result, {
      doing: `comparing ${options.model} with its base`,
      patterns: [
        {
          pattern: /inconsistent vocabulary \((\d+) vs (\d+)\)/,
          code: "QS-VALIDATE-FAILED",
          message: ([, inBase, inModel]) => `${options.model} has ${inModel} tokens, its base ${inBase}`,
          remedy: "Run again with `--fresh`: the base logits belong to another model.",
        },
        modelLoadPattern("QS-VALIDATE-LOAD"),
      ],
      otherwise: {
        code: "QS-VALIDATE-FAILED",
        remedy: "Check the last lines of the tool's output, and use at least one whole chunk of text.",
      },
    });
  }
  const bad = Object.entries(figures).find(([, value]) => !Number.isFinite(value));
  if (bad) {
    throw new QuantsmithError("QS-VALIDATE-NAN", `${options.model} has a NaN or infinite ${bad[0]}`, {
      remedy: onDeviceRemedy(
        options.compute,
        "Use a larger type for this variant, or check the imatrix for missing tensors.",
      ),
      output: result.tail,
    });
  }
  return {
    figures,
    quantiles: parseKldQuantiles(result.stdout),
    perChunk: parseChunkFigures(result.stdout),
    ...toolReport("llama-perplexity", args, result),
  };
}
