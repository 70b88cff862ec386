/** KV cache types in tables, a subset of llama.cpp's. */
export const kvTypes = ["f16", "q8_0"] as const;
export type KvType = (typeof kvTypes)[number];

/** Settings of the runtime that determine its memory. */
export interface MemoryConfiguration {
  /** Tokens of context. */
  context: number;
  kvType: KvType;
  flashAttention: boolean;
}

/** Distribution of a model's bytes, from its GGUF header. All bytes; layers in file order. */
export interface Footprint {
  architecture: string;
  fileBytes: number;
  /** Trained context in tokens; null if the header does not contain it. */
  trainedContext: number | null;
  /** Bytes of tensors by ggml type. */
  types: Readonly<Record<string, number>>;
  /** Weights of each block, including routed experts. */
  layerBytes: readonly number[];
  /** Routed experts of each block; zeros in a dense model. */
  expertBytes: readonly number[];
  experts: { count: number; used: number } | null;
  /** Weights that stay in system memory at full offload: the token embedding. */
  hostBytes: number;
  /** Weights outside the blocks that belong to the output: output norm and output matrix (the embedding if tied). */
  outputBytes: number;
  /** Weights read per token: active experts only, without the embedding, of which one row is read. */
  activeBytes: number;
}

/** Memory of one configuration according to llama.cpp's allocator. Bytes. */
export interface MemoryEstimate extends MemoryConfiguration {
  /** All weights, whether mapped or loaded. */
  weightsBytes: number;
  /** KV cache, including the state of recurrent layers. */
  kvBytes: number;
  /** Compute buffers and the output buffer. */
  computeBytes: number;
  /**
   * Part of `computeBytes` for the logits of a whole batch. A program that requests only the last token's logits never
   * touches it, so it occupies GPU memory but no system memory. Omitted if unknown.
   */
  untouchedBytes?: number;
  /** Other memory of the process: the program, vocabulary and graphs. */
  overheadBytes: number;
  /** The vision or audio projector (mmproj), weights and compute buffer; 0 without one. */
  projectorBytes: number;
}

/** The inputs of a verdict about one file. */
export interface ModelMemory {
  footprint: Footprint;
  /** Simulated configurations; contexts ascend within a KV type. */
  estimates: readonly MemoryEstimate[];
}
