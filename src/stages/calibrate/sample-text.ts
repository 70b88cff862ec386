import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type CorpusUse, samplePrompts } from "../../corpus/sample-prompts.js";
import { completeText } from "../../llamacpp/completion.js";
import type { JsonObject } from "../../util/canonical-json.js";
import { QuantsmithError } from "../../util/errors.js";
import { writeFileAtomic } from "../../util/files.js";
import { readRegular } from "../../util/regular-file.js";
import { requireMemory } from "../require-memory.js";
import type { Operation, StageContext } from "../stage.js";
import { linkInput, toolRun, writeReport } from "../step-files.js";

export interface SampleTextParams extends JsonObject {
  use: CorpusUse;
  /** Minimum number of tokens to sample; fewer only if the model ends nearly every text at once. */
  tokens: number;
  /** Maximum tokens per piece. */
  pieceTokens: number;
  temperature: number;
}

/** `sample.json`. */
export interface SampleTextReport {
  tokens: number;
  pieces: number;
  temperature: number;
}

/** One continued opening, stored so that a killed run can resume. */
interface Piece {
  text: string;
  tokens: number;
}

/** Far apart, so that uses never share a seed. */
const firstSeed: Readonly<Record<CorpusUse, number>> = {
  calibration: 10_000_000,
  search: 20_000_000,
  evaluation: 30_000_000,
};
/** Limit of pieces for a model that ends texts early, as a multiple of the number of full-length pieces. */
const pieceFactor = 6;
/** Sampling stops after this many empty pieces in a row. */
const maxEmptyPieces = 24;

/**
 * Samples a text from the base model, one opening after the other, each with its own seed. A killed run resumes after the
 * last complete piece. Input `model`; outputs `self.txt`, `sample.json`. The plan replaces the stage.
 * Errors: QS-SAMPLE-NOTHING, QS-SAMPLE-FAILED, QS-COMPUTE-*.
 */
export const sampleText: Operation<SampleTextParams> = {
  id: "sample-text",
  stage: "calibrate",
  version: 1,
  resource: "compute",
  usesDevices: () => true,
  tools: ["llama.cpp"],
  async run(params, context) {
    await requireMemory(context, params.pieceTokens);
    const model = await linkInput(context, "model", "model.gguf");
    const kept = await context.partial();
    const maxPieces = Math.ceil(params.tokens / params.pieceTokens) * pieceFactor;
    const pieces: Piece[] = [];
    const resumed = { pieces: 0 };
    let [tokens, empty, peakMemoryBytes] = [0, 0, 0];
    let command: string[] = [];
    const started = performance.now();
    while (tokens < params.tokens && pieces.length < maxPieces && empty < maxEmptyPieces) {
      const file = join(kept, `piece-${pieces.length}.json`);
      let piece = await readPiece(file);
      if (piece !== undefined) resumed.pieces++;
      else {
        const run = await samplePiece(params, pieces.length, model, context);
        piece = { text: run.text, tokens: run.tokens };
        peakMemoryBytes = Math.max(peakMemoryBytes, run.peakMemoryBytes);
        command = run.argv;
        await writeFileAtomic(file, JSON.stringify(piece));
      }
      pieces.push(piece);
      tokens += piece.tokens;
      empty = piece.tokens === 0 ? empty + 1 : 0;
      context.progress({ done: pieces.length, total: expected(params, pieces.length, tokens), unit: "prompt" });
    }
    if (tokens === 0) throw nothingError();
    const texts = pieces.filter((piece) => piece.tokens > 0).map(({ text }) => text.trim());
    await writeFile(join(context.out, "self.txt"), `${texts.join("\n\n")}\n`);
    const report: SampleTextReport = { tokens, pieces: pieces.length, temperature: params.temperature };
    await writeReport(context, "sample.json", report);
    const seconds = (performance.now() - started) / 1000;
    const measurements = { piecesResumed: resumed.pieces, piecesPerSecond: (pieces.length - resumed.pieces) / seconds };
    return { commands: command.length === 0 ? [] : [command], peakMemoryBytes, measurements };
  },
};

async function samplePiece(params: SampleTextParams, index: number, model: string, context: StageContext) {
  const pool = samplePrompts[params.use];
  await writeFile(join(context.work, "opening.txt"), pool[index % pool.length] ?? "");
  const run = await toolRun(context);
  const { pieceTokens, temperature, use } = params;
  const seed = firstSeed[use] + index;
  return completeText({ ...run, model, prompt: "opening.txt", tokens: pieceTokens, temperature, seed });
}

/** Estimates the total number of pieces from the pieces so far. */
function expected({ tokens }: SampleTextParams, pieces: number, sampled: number): number {
  return Math.max(pieces, Math.ceil((tokens * pieces) / Math.max(1, sampled)));
}

async function readPiece(file: string): Promise<Piece | undefined> {
  try {
    return JSON.parse(String(await readRegular(file))) as Piece;
  } catch {
    return undefined;
  }
}

function nothingError(): QuantsmithError {
  return new QuantsmithError("QS-SAMPLE-NOTHING", "the model ends every text at its first token", {
    remedy: "Use a text file, an `hf:` data set or `default` instead of `self`.",
  });
}
