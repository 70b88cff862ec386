/** Hard caps of the header parser. A file that exceeds one is rejected. */
export interface GgufLimits {
  /** Tensors in the table; the largest published models have a few thousand. */
  tensors: number;
  /** Key-value pairs. Real files have 20 to 60, more with several chat templates or sampling settings. */
  keyValues: number;
  /** UTF-8 bytes of a key; the limit of the format. */
  keyBytes: number;
  /** UTF-8 bytes of a tensor name; ggml stores 64 with the terminating zero. */
  tensorNameBytes: number;
  /** UTF-8 bytes of any other string. Chat templates are kilobytes, an embedded tokenizer.json tens of megabytes. */
  stringBytes: number;
  /**
   * Total items of all arrays, because each item becomes a JavaScript value. A vocabulary of 256 k tokens with scores,
   * types and merges has 1.3 million.
   */
  arrayItems: number;
  /** Bytes from the start of the file to the end of the tensor table; real headers are below 50 MB. */
  headerBytes: number;
  /** `general.alignment` in bytes. Files use 32; the largest memory pages in use are 64 KiB. */
  alignment: number;
}

export const ggufLimits: GgufLimits = {
  tensors: 65_536,
  keyValues: 65_536,
  keyBytes: 65_535,
  tensorNameBytes: 63,
  stringBytes: 64 * 2 ** 20,
  arrayItems: 8 * 2 ** 20,
  headerBytes: 512 * 2 ** 20,
  alignment: 65_536,
};

/** Dimensions of a tensor, `GGML_MAX_DIMS`. */
export const maxDimensions = 4;
