import { openRegular } from "../../util/regular-file.js";
import type { Warning } from "../../util/warnings.js";

const pieceBytes = 2 ** 20;

/** The values of a tensor in a GGUF or safetensors file. */
export interface StoredTensor {
  path: string;
  offset: number;
  bytes: number;
  type: string;
}

/** The embedding and the output matrix of a model; undefined for one that the file lacks. */
export interface Matrices {
  embedding: StoredTensor | undefined;
  output: StoredTensor | undefined;
}

/**
 * Warns of an output matrix that transformers chooses in another way than llama.cpp, which uses the one of the file, else
 * the embedding. `tied`: whether transformers uses the embedding.
 */
export async function outputWarnings({ embedding, output }: Matrices, tied: boolean): Promise<Warning[]> {
  if (embedding === undefined) return [];
  if (output === undefined) return tied ? [] : [missingOutput];
  return tied && (await differ(embedding, output)) ? [ownOutput] : [];
}

const ownOutput = {
  code: "QW-WEIGHTS-TIED",
  message:
    "config.json, `tie_word_embeddings` (true): transformers ignores the checkpoint's lm_head and uses the embedding; the file contains lm_head, whose values differ",
  remedy:
    "Remove lm_head.weight from the checkpoint, or set `tie_word_embeddings` to false if it is the trained output.",
} as const;

const missingOutput = {
  code: "QW-WEIGHTS-TIED",
  message:
    "config.json, `tie_word_embeddings` (false): the checkpoint has no lm_head, for which transformers uses random values; llama.cpp uses the embedding",
  remedy: "Set `tie_word_embeddings` to true if the model was trained so; otherwise save it again with its lm_head.",
} as const;

async function differ(a: StoredTensor, b: StoredTensor): Promise<boolean> {
  if (a.bytes !== b.bytes || a.type !== b.type) return true;
  const files = await Promise.all([openRegular(a.path), openRegular(b.path)]);
  try {
    for (let done = 0; done < a.bytes; done += pieceBytes) {
      const length = Math.min(pieceBytes, a.bytes - done);
      const [ours, others] = await Promise.all(
        ([a, b] as const).map(({ offset }, i) =>
          files[i as 0 | 1].read(Buffer.alloc(length), 0, length, offset + done),
        ),
      );
      if (ours === undefined || others === undefined || !ours.buffer.equals(others.buffer)) return true;
    }
    return false;
  } finally {
    await Promise.all(files.map((file) => file.close()));
  }
}
