/** Types that llama.cpp offers for the KV cache and that the tables tell. */
export const kvTypes = ["f16", "q8_0"] as const;
export type KvType = (typeof kvTypes)[number];

/** How a runtime is set when its memory is asked for. */
export interface MemoryConfiguration {
  /** Tokens of context. */
  context: number;
  kvType: KvType;
  flashAttention: boolean;
}

/** What a GGUF's header alone says about where its bytes go. All bytes; layers in the order of the file. */
export interface Footprint {
  architecture: string;
  fileBytes: number;
  /** Tokens of context the model was trained on; null when the header does not say. */
  trainedContext: number | null;
  /** Bytes of tensors by ggml type. */
  types: Readonly<Record<string, number>>;
  /** Each block's weights, routed experts included. */
  layerBytes: readonly number[];
  /** The part of each block's weights that are routed experts; zeros in a dense model. */
  expertBytes: readonly number[];
  experts: { count: number; used: number } | null;
  /** Weights that stay in the computer's memory at full offload: the token embedding. */
  hostBytes: number;
  /** Weights outside the blocks that go with the last layer: output norm and output matrix (the embedding when tied). */
  outputBytes: number;
  /** Weights read for one token: active experts only, without the looked-up embedding. */
  activeBytes: number;
}

/** What llama.cpp's own allocator says about one configuration. Bytes. */
export interface MemoryEstimate extends MemoryConfiguration {
  /** All weights, whether mapped or loaded. */
  weightsBytes: number;
  /** KV cache, with what recurrent layers keep instead. */
  kvBytes: number;
  /** Compute buffers and the output buffer. */
  computeBytes: number;
  /**
   * The part of `computeBytes` that is kept for the logits of a whole batch. A program that asks for the last token's only
   * never touches it: it takes room on a graphics card, and none in a computer's own memory. Left out when not known.
   */
  untouchedBytes?: number;
  /** What the process takes beside those: the program, vocabulary and graphs. */
  overheadBytes: number;
  /** The vision or audio projector (mmproj), weights and compute buffer; 0 without one. */
  projectorBytes: number;
}

/** All that verdicts need to know of one file. */
export interface ModelMemory {
  footprint: Footprint;
  /** Every simulated configuration; contexts rise within a KV type. */
  estimates: readonly MemoryEstimate[];
}
