/** A run configuration of a model. */
export interface SimulatedRun {
  /** Tokens of context. */
  context: number;
  /** Type of the KV cache. */
  kvType: "f16" | "q8_0";
  flashAttention: boolean;
}

/** Request to the simulation's child process, as JSON on its standard input. */
export interface SimulationRequest {
  files: readonly { path: string; runs: readonly SimulatedRun[] }[];
  /** Batch size in tokens. */
  batch: number;
}

/** Memory of one run in bytes, without the weights. */
export interface RunBytes {
  /** KV cache and recurrent state. */
  kv: number;
  /** Compute buffers and the output buffer. */
  compute: number;
}

/** Message of the child process, one JSON document per line on standard output; `file` counts from 0. */
export type SimulationMessage =
  /** The native library is loaded; later failures are about the files. */
  | { kind: "ready" }
  /** `runs` in the order of the request; null if llama.cpp does not support the configuration. */
  | { kind: "simulated"; file: number; weights: number; runs: readonly (RunBytes | null)[] }
  | { kind: "failed"; file: number; reason: string };
