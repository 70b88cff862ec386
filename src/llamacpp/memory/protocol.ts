/** One way to run a model. */
export interface SimulatedRun {
  /** Tokens of context. */
  context: number;
  /** Type of the KV cache. */
  kvType: "f16" | "q8_0";
  flashAttention: boolean;
}

/** What the simulation's child process is asked, as JSON on its standard input. */
export interface SimulationRequest {
  files: readonly { path: string; runs: readonly SimulatedRun[] }[];
  /** Tokens computed at once. */
  batch: number;
}

/** Bytes of one run beside the weights. */
export interface RunBytes {
  /** KV cache and recurrent state. */
  kv: number;
  /** Compute buffers and the output buffer. */
  compute: number;
}

/** What it answers: one JSON document per line on standard output; `file` counts from 0. */
export type SimulationMessage =
  /** The native library is there; whatever goes wrong from here on is about the files. */
  | { kind: "ready" }
  /** `runs` in the order asked; null where llama.cpp cannot run the model that way. */
  | { kind: "simulated"; file: number; weights: number; runs: readonly (RunBytes | null)[] }
  | { kind: "failed"; file: number; reason: string };
