import type { ConverterPython } from "../llamacpp/python/converter-python.js";
import type { ToolId } from "../llamacpp/tool-digests.js";
import type { Toolchain } from "../llamacpp/toolchain/toolchain.js";
import type { JsonObject } from "../util/canonical-json.js";

/** The stages in the order of the flow. */
export const stageNames = [
  "fetch",
  "convert",
  "calibrate",
  "allocate",
  "quantize",
  "validate",
  "smoke",
  "package",
  "publish",
] as const;
export type StageName = (typeof stageNames)[number];

/** `compute` steps use the given cores and run one at a time; `io` steps run beside them. */
export type Resource = "compute" | "io";

/** How one step of a run ended. */
export interface StepSummary {
  id: string;
  stage: StageName;
  status: "built" | "cached" | "skipped" | "failed";
  seconds: number;
  /** Figures of the machine that built it; see `OperationReport`. */
  measurements?: Readonly<Record<string, number>>;
  /** Command lines of the native tools it ran, program name first; absent when the step did not end well. */
  commands?: readonly (readonly string[])[];
}

export interface Progress {
  done: number;
  total: number;
  unit: "chunk" | "tensor" | "probe" | "byte" | "prompt" | "file";
  /** What is going on, when it is more than counting ("building llama.cpp's tools"). */
  note?: string;
}

/** One of `count` parts of a step's work; `index` counts from 1. */
export interface Shard {
  index: number;
  count: number;
}

/** What a running operation gets from the engine. Nothing in here may change its outputs. */
export interface StageContext {
  /** Folder for outputs; every file in it becomes part of the store. */
  out: string;
  /** Scratch folder on the same file system and the tools' working folder; removed afterwards. */
  work: string;
  /**
   * A folder, made on first use, that a killed run leaves to the next run of the same step. It is gone once the step
   * is finished. For work that can be done in parts; what is read from it may be cut anywhere.
   */
  partial(): Promise<string>;
  /**
   * Set: only this part of the work, `index` from 1, goes into `partial`, where the step itself will find it; nothing is
   * written to `out`.
   */
  shard?: Shard;
  /** Absolute path of a named input of the step; undefined when that optional input does not exist. */
  input(name: string): string | undefined;
  /** sha256 of a named input file; undefined when the input does not exist or is a folder. */
  digest(name: string): string | undefined;
  /**
   * Output folders of finished steps that are this one but for their parameters: the same stage, code version and tools,
   * and the same content, or nothing, under these input names. What is copied from them must be what this step would
   * make itself, because they have no part in its key; and any of them may be removed at any time.
   */
  reusableSteps(inputs: readonly string[]): Promise<string[]>;
  /** The run so far: how each step ended. For reports only, never for anything that is compared between runs. */
  steps(): readonly StepSummary[];
  /** Cores that compute tools may use. */
  threads: number;
  toolchain(): Promise<Toolchain>;
  python(): Promise<ConverterPython>;
  signal: AbortSignal;
  progress(progress: Progress): void;
  /** Tells something about the step that is worth a line of its own. */
  note(text: string): void;
}

/** What `Operation.prepare` gets: it may write to `work` alone. */
export type PrepareContext = Pick<StageContext, "input" | "work" | "toolchain" | "threads" | "signal">;

/** What an operation finds out from its inputs before it writes an output. */
export interface Prepared {
  /** Exact bytes of the outputs, and of what else the operation writes. */
  bytes: number;
}

/** What an operation tells besides its output files; goes into the record. */
export interface OperationReport {
  /** Command lines of the native tools it ran, program name first. */
  commands?: string[][];
  peakMemoryBytes?: number;
  /** sha256 that output files must have, by path; checked before the step is final (QS-INPUT-CHANGED). */
  expectedDigests?: Record<string, string>;
  /** sha256 of output files whose content the operation has just verified, by path; they are not read again. */
  digests?: Record<string, string>;
  /** Figures of this machine, such as tokens per second. Outputs must be the same wherever they are made. */
  measurements?: Record<string, number>;
}

/** One kind of work of a stage. `P` is everything in the recipe that changes the outputs. */
export interface Operation<P extends JsonObject = JsonObject> {
  /** Its name in `operations.ts`, by which a worker finds it; absent when it needs what only the planning process has. */
  id?: string;
  stage: StageName;
  /** Raised whenever the same parameters and inputs would give other outputs than before; part of the key. */
  version: number;
  resource: Resource;
  tools: readonly ToolId[];
  /** Outputs that only other steps read, and that may be dropped when all of them are done. */
  intermediates?: readonly string[];
  /** Runs once before `run`, when all inputs exist; without it the plan's estimate of the bytes counts. */
  prepare?(params: P, context: PrepareContext): Promise<Prepared>;
  /** Whether `StageContext.shard` may ask for a part of the work, all of which has to be done in any case. */
  isShardable?(params: P): boolean;
  run(params: P, context: StageContext, prepared?: Prepared): Promise<OperationReport>;
}

/** An operation whose `run` continues with what its `prepare` returned. */
export interface PreparedOperation<P extends JsonObject, Q extends Prepared> extends Operation<P> {
  prepare(params: P, context: PrepareContext): Promise<Q>;
  run(params: P, context: StageContext, prepared: Q): Promise<OperationReport>;
}

/** An input that the plan guarantees; its absence is a bug, not a user's mistake. */
export function requiredInput(context: Pick<StageContext, "input">, name: string): string {
  const path = context.input(name);
  if (path === undefined) throw new Error(`the step was planned without its input ${name}`);
  return path;
}
