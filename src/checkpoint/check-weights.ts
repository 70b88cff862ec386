import { open } from "node:fs/promises";
import { join } from "node:path";
import { QuantsmithError } from "../util/errors.js";
import { quote } from "../util/quote.js";
import { findNonFinite, valueBytes } from "./non-finite.js";
import { readSafetensorsHeader, type SafetensorsTensor } from "./safetensors.js";

/** `sample` checks the beginning, middle and end of every tensor, `full` every value. */
export type WeightsCheck = "sample" | "full" | "none";

/** Bytes per position of a sample; a multiple of every value size. */
const sampleBytes = 16 * 1024;
const chunkBytes = 2 ** 20;

/**
 * Checks the weights of a folder for NaN and infinity, which would invalidate every later measurement.
 * Throws QS-FETCH-NAN at the first one. Skips integers and packed types, which have neither.
 */
export async function checkWeights(
  dir: string,
  weights: readonly string[],
  check: WeightsCheck,
  { signal }: { signal: AbortSignal },
): Promise<void> {
  if (check === "none") return;
  for (const name of weights.filter((file) => file.endsWith(".safetensors"))) {
    const path = join(dir, name);
    const { tensors } = await readSafetensorsHeader(path);
    const file = await open(path, "r");
    try {
      const buffer = Buffer.alloc(chunkBytes);
      for (const tensor of tensors) {
        const size = valueBytes(tensor.dtype);
        if (size === undefined) continue;
        for (const { start, bytes } of check === "full" ? chunks(tensor.bytes) : samples(tensor.bytes, size)) {
          signal.throwIfAborted();
          const { bytesRead } = await file.read(buffer, 0, bytes, tensor.offset + start);
          const index = findNonFinite(buffer.subarray(0, bytesRead), tensor.dtype);
          if (index !== -1) throw notFinite(path, name, tensor, start / size + index);
        }
      }
    } finally {
      await file.close();
    }
  }
}

interface Part {
  start: number;
  bytes: number;
}

function chunks(total: number): Part[] {
  return Array.from({ length: Math.ceil(total / chunkBytes) }, (_, index) => {
    const start = index * chunkBytes;
    return { start, bytes: Math.min(chunkBytes, total - start) };
  });
}

function samples(total: number, size: number): Part[] {
  if (total <= 3 * sampleBytes) return chunks(total);
  const middle = Math.floor(total / 2 / size) * size;
  return [0, middle, total - sampleBytes].map((start) => ({ start, bytes: sampleBytes }));
}

function notFinite(path: string, name: string, tensor: SafetensorsTensor, index: number): QuantsmithError {
  const what = `tensor ${quote(tensor.name)} in ${name} contains NaN or infinity at value ${index}`;
  return new QuantsmithError("QS-FETCH-NAN", what, {
    remedy:
      "Download the checkpoint again: it is damaged, or its training diverged. Set `model.checkWeights: none` to skip this check.",
    at: { file: path },
  });
}
