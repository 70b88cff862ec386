import type { Gguf } from "../gguf/gguf.js";
import { metadataNumber, metadataString } from "../gguf/metadata.js";

/** llama.cpp's program, libraries and threads, as measured by `npm run bench -- fit`. */
const programBytes = 14 * 2 ** 20;
/** Per entry of the vocabulary: text, score, kind, the two tables that find it, and the header's own copy. */
const tokenBytes = 320;
/** Per merge rule of a BPE vocabulary: a tree node with both halves, and the header's own copy. */
const mergeBytes = 240;
/** Per block: its tensors' descriptions in the model and in the compute graph. */
const layerBytes = 32 * 2 ** 10;

/** What a process that runs this model takes beside llama.cpp's buffers, in bytes, on the high side. */
export function overheadBytes(gguf: Gguf): number {
  const architecture = metadataString(gguf, "general.architecture") ?? "";
  const layers = metadataNumber(gguf, `${architecture}.block_count`) ?? 0;
  const items = (key: string) => {
    const entry = gguf.metadata.get(key);
    return entry?.type === "array" ? entry.items.length : 0;
  };
  return (
    programBytes +
    items("tokenizer.ggml.tokens") * tokenBytes +
    items("tokenizer.ggml.merges") * mergeBytes +
    layers * layerBytes
  );
}
