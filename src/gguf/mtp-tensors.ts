import type { Gguf } from "./gguf.js";
import { metadataNumber, metadataString } from "./metadata.js";

/**
 * Returns the names of the matrices in a model's layers for multi-token prediction (MTP, NextN), its last ones. llama.cpp
 * does not run them outside speculative decoding, so that nothing can be measured about them.
 */
export function mtpMatrices(gguf: Pick<Gguf, "metadata" | "tensors">): string[] {
  const architecture = metadataString(gguf, "general.architecture") ?? "";
  const figure = (key: string) => metadataNumber(gguf, `${architecture}.${key}`) ?? 0;
  const layers = figure("nextn_predict_layers");
  const first = figure("block_count") - layers;
  if (layers === 0) return [];
  return gguf.tensors.flatMap(({ name, shape }) => {
    const layer = /^blk\.(\d+)\./.exec(name)?.[1];
    return layer !== undefined && Number(layer) >= first && shape.length > 1 ? [name] : [];
  });
}
