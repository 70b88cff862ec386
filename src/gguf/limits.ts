/** Hard caps of the header parser. A file over any of them is refused, whatever its size. */
export interface GgufLimits {
  /** Tensors in the table. The largest published models have a few thousand. */
  tensors: number;
  /** Key-value pairs. Real files have 20 to 60; chat-template variants and sampling settings add some. */
  keyValues: number;
  /** UTF-8 bytes of a key; the format's own limit. */
  keyBytes: number;
  /** UTF-8 bytes of a tensor name; ggml keeps 64 with the closing zero. */
  tensorNameBytes: number;
  /** UTF-8 bytes of any other string. Chat templates are kilobytes, an embedded tokenizer.json tens of megabytes. */
  stringBytes: number;
  /**
   * Items of all arrays together, since every item becomes a value in memory however small it is in
   * the file. A vocabulary of 256 k tokens with scores, types and merges has 1.3 million.
   */
  arrayItems: number;
  /** Bytes from the start of the file to the end of the tensor table. Real headers stay under 50 MB. */
  headerBytes: number;
  /** `general.alignment`. Files use 32; the largest memory pages in use are 64 KiB. */
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
