import { PassThrough } from "node:stream";
import * as z from "zod";
import { QuantsmithError } from "../util/errors.js";
import { runSubprocess, type SubprocessResult } from "../util/subprocess.js";
import { type Compute, computeArguments, computeEnvironment, cpuCompute } from "./compute/compute.js";
import { deviceError, deviceFailure, deviceMemoryError } from "./compute/device-failures.js";
import { cpuArguments } from "./compute/run-on-device.js";
import { modelLoadPattern, nonFiniteRemedy } from "./input-failures.js";
import { toolFailure } from "./tool-failure.js";
import { fileArgument, missingOwnTool, type ToolReport, type ToolRun, toolReport } from "./tool-run.js";

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

const answer = z.object({
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
 * A running `llama-probe`, which loads the model once and measures changes of it in memory (protocol: native/probe.cpp).
 * The file of the model is only read. The caller ends it with `finish` or `stop`.
 */
export class ProbeTool {
  readonly #model: string;
  readonly #compute: Compute;
  readonly #args: readonly string[];
  readonly #requests = new PassThrough();
  readonly #stop = new AbortController();
  readonly #end: Promise<SubprocessResult>;
  #text = "";
  #onLine: ((line: string) => void) | undefined;

  /** Starts the program, which loads the model in the background. Throws QS-TOOL-PROBES. */
  constructor(options: ProbeOptions) {
    const { toolchain, cwd, threads, signal, compute = cpuCompute } = options;
    const tool = toolchain.tools["llama-probe"];
    if (tool === undefined) throw missingOwnTool("llama-probe");
    this.#model = options.model;
    this.#compute = compute;
    this.#args = [
      ...["-m", fileArgument(options.model), "--kl-divergence-base", fileArgument(options.base)],
      ...["-t", `${threads}`],
      ...(compute.backend === "cpu" ? cpuArguments(options) : computeArguments(compute)),
    ];
    this.#end = runSubprocess({
      file: tool.path,
      args: this.#args,
      cwd,
      env: computeEnvironment(compute),
      input: this.#requests,
      signal: signal === undefined ? this.#stop.signal : AbortSignal.any([signal, this.#stop.signal]),
      onText: (text, stream) => {
        if (stream === "stdout") this.#read(text);
      },
    });
    // Reported by the next call.
    this.#end.catch(() => {});
  }

  /**
   * Changes the model and evaluates the text. Throws QS-VALIDATE-NAN, QS-VALIDATE-LOAD, QS-VALIDATE-FAILED, QS-ENV-OOM,
   * QS-COMPUTE-MEMORY, QS-COMPUTE-DEVICE, QS-COMPUTE-LOST, and the abort reason.
   */
  async measure(change: ModelChange): Promise<ProbeFigures> {
    const line = new Promise<string>((resolve) => {
      this.#onLine = resolve;
    });
    this.#requests.write(`${JSON.stringify(change)}\n`);
    const first = await Promise.race([line, this.#end]);
    if (typeof first !== "string") throw this.#failure(first);
    const { kld, kldError, tokens, chunks } = answer.parse(JSON.parse(first));
    if (kld === null || kldError === null) throw this.#notFinite(change);
    return { kld, kldError, tokens, chunks: chunks.map((chunk) => chunk ?? Number.NaN) };
  }

  /** Ends the program after the last measurement. Throws like `measure`. */
  async finish(): Promise<ToolReport> {
    this.#requests.end();
    const result = await this.#end;
    if (result.exitCode !== 0) throw this.#failure(result);
    return toolReport("llama-probe", this.#args, result);
  }

  /** Ends the program at once; does nothing after `finish`. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#requests.destroy();
    await this.#end.catch(() => {});
  }

  #read(text: string): void {
    this.#text += text;
    const end = this.#text.indexOf("\n");
    if (end < 0) return;
    const line = this.#text.slice(0, end);
    this.#text = this.#text.slice(end + 1);
    this.#onLine?.(line);
  }

  #failure(result: SubprocessResult): QuantsmithError {
    const device = this.#compute.backend === "cpu" ? undefined : deviceFailure(result);
    if (device === "memory") return deviceMemoryError(this.#model, this.#compute, result);
    if (device !== undefined) return deviceError(device, "llama-probe", this.#compute, result);
    return toolFailure(result, {
      doing: `probing ${this.#model}`,
      patterns: [
        {
          pattern: /inconsistent vocabulary \((\d+) vs (\d+)\)|log-probabilities/,
          code: "QS-VALIDATE-FAILED",
          message: () => `the base logits do not belong to ${this.#model}, or are incomplete`,
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
    const message = `${this.#model} has a NaN or infinite divergence with ${tensor}${more} quantized`;
    return new QuantsmithError("QS-VALIDATE-NAN", message, { remedy: nonFiniteRemedy(this.#compute) });
  }
}
