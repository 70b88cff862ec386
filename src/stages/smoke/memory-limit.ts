import type { Gguf } from "../../gguf/gguf.js";
import { metadataNumber, metadataString } from "../../gguf/metadata.js";
import type { BackendKind } from "../../llamacpp/compute/compute.js";

/** Node, node-llama-cpp, the vocabulary as JavaScript strings and llama.cpp's graph buffers, in bytes. */
const marginBytes = 1.5 * 2 ** 30;
/** Libraries and buffers of a device's driver, in bytes. */
const driverBytes = 2 * 2 ** 30;
/** llama.cpp's batch size in tokens. */
const batchTokens = 512;

/**
 * Returns the limit of resident bytes for a smoke test, a high estimate: twice the file size, since llama.cpp repacks
 * some types for the CPU beside the mapped file; an F16 KV cache for every head, as without shared heads; the logits of
 * one batch; and a margin, with a device also for its driver. Tensors on the device are not part of it.
 */
export function memoryLimit(gguf: Gguf, context: number, backend: BackendKind): number {
  const architecture = metadataString(gguf, "general.architecture") ?? "";
  const figure = (key: string) => metadataNumber(gguf, `${architecture}.${key}`) ?? 0;
  const width = Math.max(
    figure("embedding_length"),
    figure("attention.head_count") * Math.max(figure("attention.key_length"), figure("attention.value_length")),
  );
  const cacheBytes = 2 * 2 * figure("block_count") * width * context;
  const vocabulary = gguf.metadata.get("tokenizer.ggml.tokens");
  const logitBytes = 4 * batchTokens * (vocabulary?.type === "array" ? vocabulary.items.length : 0);
  return 2 * gguf.fileBytes + cacheBytes + logitBytes + marginBytes + (backend === "cpu" ? 0 : driverBytes);
}
