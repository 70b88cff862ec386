import type { Compute } from "../llamacpp/compute/compute.js";
import type { ConverterPython } from "../llamacpp/python/converter-python.js";
import type { ToolId } from "../llamacpp/tool-digests.js";
import type { Toolchain } from "../llamacpp/toolchain/toolchain.js";
import type { GgmlType } from "../quant/ggml-types.js";
import type { ReleaseCompute } from "../release/release-report.js";
import type { JsonObject } from "../util/canonical-json.js";
import type { Warning } from "../util/warnings.js";

/** The stages in pipeline order. */
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
  /** Measurements of the machine that built it; see `OperationReport`. */
  measurements?: Readonly<Record<string, number>>;
  /** The devices on which it was computed; absent for a step of the CPU. */
  compute?: ReleaseCompute;
  /** Command lines of the native tools it ran, program name first; absent if the step failed. */
  commands?: readonly (readonly string[])[];
  /** Its warnings, also those of the run that built it; absent without any. */
  warnings?: readonly Warning[];
  /** True for a skipped step that the user did not select (`--variant`, `--only`); absent otherwise. */
  unselected?: true;
}

export interface Progress {
  done: number;
  total: number;
  unit: "chunk" | "tensor" | "probe" | "byte" | "prompt" | "question" | "file";
  /** The current activity, if it is more than counting ("building llama.cpp's tools"). */
  note?: string;
}

/** One of `count` shards of a step's work; `index` counts from 1. */
export interface Shard {
  index: number;
  count: number;
}

/** The environment of a running operation. Outputs depend only on inputs and parameters. */
export interface StageContext {
  /** Output folder; every file in it is moved to the store. */
  out: string;
  /** Temporary folder on the same file system, the tools' working folder; removed afterwards. */
  work: string;
  /**
   * Returns a folder, created on first use, that survives a killed run until the step is finished. Operations store
   * intermediate results there. Files in it may be truncated.
   */
  partial(): Promise<string>;
  /**
   * If set, the operation does only this shard of the work and writes the results to `partial`, where the step itself
   * reads them; it writes nothing to `out`.
   */
  shard?: Shard;
  /** Absolute path of a named input; undefined if an optional input does not exist. */
  input(name: string): string | undefined;
  /** sha256 of a named input file; undefined if the input does not exist or is a folder. */
  digest(name: string): string | undefined;
  /**
   * Returns the output folders of finished steps that differ from this one only in their parameters: same stage, code
   * version and tools, and the same content (or none) under these input names. They are not part of the step's key, so
   * anything copied from them must equal this step's own result. Any of them may be removed at any time.
   */
  reusableSteps(inputs: readonly string[]): Promise<string[]>;
  /** Results of the steps finished so far. For reports only, not for outputs that are compared between runs. */
  steps(): readonly StepSummary[];
  /** Number of cores that compute tools may use. */
  threads: number;
  /** The devices on which tools compute. */
  compute: Compute;
  /** Whether a model that exceeds the memory is an error; otherwise it is read from the disk again and again. */
  requiresMemory: boolean;
  toolchain(): Promise<Toolchain>;
  python(): Promise<ConverterPython>;
  signal: AbortSignal;
  progress(progress: Progress): void;
  /** Records the number of layers that a run put on the devices, the output layer included. */
  layers(count: number): void;
  /** Emits a note about the step, shown on its own line. */
  note(text: string): void;
  /**
   * Reports a warning. It is stored in the step's record, so that later runs that reuse the step report it, too; it must
   * therefore depend only on inputs and parameters.
   */
  warn(warning: Warning): void;
}

/** The environment of `Operation.prepare`, which may write only to `work`. In an estimate, `partial` is empty. */
export type PrepareContext = Pick<StageContext, "input" | "work" | "partial" | "toolchain" | "threads" | "signal"> &
  Partial<Once>;

/** What the steps of one plan share while it is estimated. */
export interface Once {
  /** Computes a result once for all steps that give this key; files of it stay until the end of the estimate. */
  once<T>(key: string, compute: () => Promise<T>): Promise<T>;
}

/** The environment of `Step.foresee`. */
export type ForeseeContext = Omit<PrepareContext, "input"> & Once;

/** Result of `Operation.prepare`, computed from the inputs before any output is written. */
export interface Prepared {
  /** Exact bytes of all files the operation writes, outputs and others. */
  bytes: number;
  /** Warnings known before the work; reported and stored as those of `StageContext.warn`. */
  warnings?: readonly Warning[];
  /** Of a variant: the type of each tensor by name, and its preset's nominal bits per weight unless types are chosen. */
  variant?: { types: ReadonlyMap<string, GgmlType>; presetBits?: number };
}

/** What an operation returns besides its output files; stored in the record. */
export interface OperationReport {
  /** Command lines of the native tools it ran, program name first. */
  commands?: string[][];
  peakMemoryBytes?: number;
  /** sha256 that output files must have, by path; checked before the step is final (QS-INPUT-CHANGED). */
  expectedDigests?: Record<string, string>;
  /** sha256 of output files that the operation has verified, by path; they are not hashed again. */
  digests?: Record<string, string>;
  /** Measurements of this machine, such as tokens per second. They must not affect outputs. */
  measurements?: Record<string, number>;
}

/** One kind of work of a stage. `P` contains every recipe setting that changes the outputs. */
export interface Operation<P extends JsonObject = JsonObject> {
  /** Name in `operations.ts`, used by workers; absent if only the planning process can run the operation. */
  id?: string;
  stage: StageName;
  /** Part of the key. Raise it when the same parameters and inputs give different outputs. */
  version: number;
  resource: Resource;
  tools: readonly ToolId[];
  /** Outputs that only other steps read; they may be removed when those steps are done. */
  intermediates?: readonly string[];
  /** Runs once before `run`, when all inputs exist. Without it, the plan's size estimate applies. */
  prepare?(params: P, context: PrepareContext): Promise<Prepared>;
  /**
   * Returns true if it evaluates a model or rounds with error feedback, on `StageContext.compute`, so that the outputs
   * depend on the backend. Absent: never.
   */
  usesDevices?(params: P, inputs: Readonly<Record<string, unknown>>): boolean;
  /** Returns true if the work can be split into shards, because all of it is always needed. */
  isShardable?(params: P): boolean;
  run(params: P, context: StageContext, prepared?: Prepared): Promise<OperationReport>;
}

/** An operation whose `run` uses the result of `prepare`. */
export interface PreparedOperation<P extends JsonObject, Q extends Prepared> extends Operation<P> {
  prepare(params: P, context: PrepareContext): Promise<Q>;
  run(params: P, context: StageContext, prepared: Q): Promise<OperationReport>;
}

/** Returns the path of an input that the plan guarantees. Throws a plain Error if it is missing, since that is a bug. */
export function requiredInput(context: Pick<StageContext, "input">, name: string): string {
  const path = context.input(name);
  if (path === undefined) throw new Error(`the step was planned without its input ${name}`);
  return path;
}
