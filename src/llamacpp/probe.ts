import { join } from "node:path";
import * as z from "zod";
import { readGguf } from "../gguf/read-header.js";
import { QuantsmithError } from "../util/errors.js";
import type { SubprocessResult } from "../util/subprocess.js";
import { chunksPerBatch, requireBaseLogits } from "./base-logits.js";
import { deviceFailure } from "./compute/device-failures.js";
import { countLayers, withFewerLayers } from "./compute/with-fewer-layers.js";
import { modelLoadPattern, nonFiniteRemedy } from "./input-failures.js";
import { type Answer, ProbeProcess } from "./probe-process.js";
import { toolFailure } from "./tool-failure.js";
import { fileArgument, type ToolReport, type ToolRun, toolReport } from "./tool-run.js";

export interface ProbeOptions extends ToolRun {
  model: string;
  /** The file written by `saveBaseLogits` for `model`; it contains the text's tokens, the context and the chunks. */
  base: string;
}

/** Values that replace a tensor, in the tensor's own type. */
export interface TensorValues {
  tensor: string;
  /** File in the working folder. */
  file: string;
  /** Start of the values, in bytes. */
  offset: number;
}

/** Changes of the loaded model. Overwritten tensors stay so until they are restored. */
export interface ModelChange {
  write: readonly TensorValues[];
  restore: readonly string[];
}

const figures = z.object({
  /** Null: not finite. */
  kld: z.number().nullable(),
  kldError: z.number().nullable(),
  tokens: z.int(),
  chunks: z.array(z.number().nullable()),
});

/** Divergence of the changed model from the base, in nats. */
export interface ProbeFigures {
  /** Mean over the scored tokens, and one standard error. */
  kld: number;
  kldError: number;
  /** Scored tokens. */
  tokens: number;
  /** Mean of each chunk. */
  chunks: number[];
}

/**
 * A `llama-probe`, which loads the model once and measures changes of it in memory (protocol: native/probe.cpp). The file
 * of the model is only read. The caller ends it with `finish` or `stop`.
 */
export class ProbeTool {
  readonly #options: ProbeOptions;
  #process: ProbeProcess | undefined;

  constructor(options: ProbeOptions) {
    this.#options = options;
  }

  /**
   * Changes the model and evaluates the text. The first call loads the model, with fewer layers on the devices if their
   * memory runs out. Throws QS-VALIDATE-NAN, QS-VALIDATE-LOAD, QS-VALIDATE-FAILED, QS-TOOL-PROBES, QS-ENV-OOM,
   * QS-COMPUTE-*, and the abort reason.
   */
  async measure(change: ModelChange): Promise<ProbeFigures> {
    const request = JSON.stringify(change);
    const answer = await (this.#process === undefined ? this.#start(request) : this.#process.ask(request));
    if (answer.result !== undefined) throw this.#failure(answer.result);
    const { kld, kldError, tokens, chunks } = figures.parse(JSON.parse(answer.line));
    if (kld === null || kldError === null) throw this.#notFinite(change);
    return { kld, kldError, tokens, chunks: chunks.map((chunk) => chunk ?? Number.NaN) };
  }

  /** Ends the program after the last measurement; undefined if there was none. Throws like `measure`. */
  async finish(): Promise<ToolReport | undefined> {
    if (this.#process === undefined) return undefined;
    const result = await this.#process.finish();
    if (result.exitCode !== 0) throw this.#failure(result);
    countLayers(this.#options, result);
    return toolReport("llama-probe", this.#process.args, result);
  }

  /** Ends the program at once; does nothing after `finish`. */
  async stop(): Promise<void> {
    await this.#process?.stop();
  }

  /** Starts the program and sends the first request. */
  async #start(request: string): Promise<Answer> {
    const { cwd, model, base, threads } = this.#options;
    const files = ["-m", fileArgument(model), "--kl-divergence-base", fileArgument(base)];
    const gguf = await readGguf(join(cwd, model));
    const { context: chunkTokens } = await requireBaseLogits(cwd, base);
    const context = chunksPerBatch(chunkTokens) * chunkTokens;
    const run = { ...this.#options, tool: "llama-probe" as const, gguf, context };
    return withFewerLayers(run, (device) => {
      this.#process = new ProbeProcess(run, [...files, "-t", `${threads}`, ...device.args], device.env);
      return this.#process.ask(request);
    });
  }

  #failure(result: SubprocessResult): QuantsmithError {
    const { model, compute } = this.#options;
    const onDevice = compute !== undefined && compute.backend !== "cpu";
    const failure = onDevice ? deviceFailure(result, { tool: "llama-probe", model }, compute) : undefined;
    if (failure !== undefined) return failure;
    return toolFailure(result, {
      doing: `probing ${model}`,
      patterns: [
        {
          pattern: /inconsistent vocabulary \((\d+) vs (\d+)\)/,
          code: "QS-VALIDATE-FAILED",
          message: () => `the base logits do not belong to ${model}`,
          remedy: "Run again with `--fresh` to recompute the base logits.",
        },
        modelLoadPattern("QS-VALIDATE-LOAD"),
      ],
      otherwise: { code: "QS-VALIDATE-FAILED", remedy: "Check the last lines of the tool's output." },
    });
  }

  #notFinite({ write }: ModelChange): QuantsmithError {
    const [{ tensor } = { tensor: "no tensor" }, ...others] = write;
    const more = others.length === 0 ? "" : ` and ${others.length} more`;
    const message = `${this.#options.model} has a NaN or infinite divergence with ${tensor}${more} quantized`;
    return new QuantsmithError("QS-VALIDATE-NAN", message, { remedy: nonFiniteRemedy(this.#options.compute) });
  }
}
