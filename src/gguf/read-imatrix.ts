import { basename } from "node:path";
import type { Importance } from "../quant/source-tensor.js";
import { QuantsmithError } from "../util/errors.js";
import type { Gguf, GgufTensor } from "./gguf.js";
import { metadataNumber } from "./metadata.js";
import { readFloats } from "./read-floats.js";
import { readGguf } from "./read-header.js";

export interface ImatrixEntry {
  /** Columns of the tensor it belongs to. */
  columns: number;
  /** Tokens each expert saw; one number for a dense tensor. */
  tokens: Float32Array;
  /** Sums of squared activations, still in the file. */
  sums: GgufTensor;
}

/** An importance matrix as llama-imatrix writes it; the sums stay in the file until they are asked for. */
export interface Imatrix {
  path: string;
  /** Texts it was computed from. */
  datasets: string[];
  chunks: number;
  /** Tokens per chunk. */
  chunkTokens: number;
  /** By name of the model's tensor, in the order of the file. */
  entries: ReadonlyMap<string, ImatrixEntry>;
}

const sumsSuffix = ".in_sum2";
const countsSuffix = ".counts";

/**
 * Opens an importance matrix in GGUF form. Throws QS-IMATRIX-INVALID when it is some other file or its parts
 * do not fit together, and what `readGguf` throws.
 */
export async function readImatrix(path: string): Promise<Imatrix> {
  const gguf = await readGguf(path);
  const datasets = gguf.metadata.get("imatrix.datasets");
  const chunks = metadataNumber(gguf, "imatrix.chunk_count");
  const chunkTokens = metadataNumber(gguf, "imatrix.chunk_size");
  if (datasets?.type !== "array" || chunks === undefined || chunkTokens === undefined) {
    throw invalidImatrix(path, "its metadata is not that of an importance matrix");
  }
  const tensors = new Map(gguf.tensors.map((tensor) => [tensor.name, tensor]));
  const entries = new Map<string, ImatrixEntry>();
  for (const [name, sums] of tensors) {
    if (!name.endsWith(sumsSuffix)) continue;
    const owner = name.slice(0, -sumsSuffix.length);
    entries.set(owner, await readEntry(gguf, owner, sums, tensors.get(owner + countsSuffix)));
  }
  if (entries.size === 0) throw invalidImatrix(path, "it holds no entries");
  return { path, datasets: datasets.items.map(String), chunks, chunkTokens, entries };
}

async function readEntry(gguf: Gguf, owner: string, sums: GgufTensor, counts: GgufTensor | undefined) {
  const [columns = 1, experts = 1] = sums.shape;
  // Files leave out trailing dimensions of 1, so a dense tensor's counts have the shape [1].
  const fits = counts !== undefined && counts.shape[0] === 1 && (counts.shape[1] ?? 1) === experts;
  if (!fits || sums.type.name !== "F32" || counts.type.name !== "F32") {
    throw invalidImatrix(gguf.path, `the sums and counts of ${owner} do not fit together`);
  }
  const tokens = await readFloats(gguf.path, counts);
  if (!tokens.every((count) => Number.isFinite(count) && count >= 0)) {
    throw invalidImatrix(gguf.path, `a count of ${owner} is not a number of tokens`);
  }
  return { columns, tokens, sums };
}

/**
 * The weights of one model tensor as llama-quantize computes them: sum / count in single precision, 1 for experts
 * without a token. Undefined when the imatrix does not know the tensor. Throws QS-IMATRIX-INVALID when the
 * entry is for another shape or holds what is not a finite number.
 */
export async function readImportance(
  imatrix: Imatrix,
  tensor: { name: string; shape: readonly number[] },
): Promise<Importance | undefined> {
  const entry = imatrix.entries.get(tensor.name);
  if (entry === undefined) return undefined;
  const { columns, tokens, sums } = entry;
  if (columns !== tensor.shape[0] || tokens.length !== (tensor.shape[2] ?? 1)) {
    // llama-quantize passes over the embedding, whose entry, where there is one, counts by rows.
    if (tensor.name === "token_embd.weight") return undefined;
    throw invalidImatrix(imatrix.path, `the entry of ${tensor.name} was made for a tensor of another shape`);
  }
  const values = await readFloats(imatrix.path, sums);
  for (const [i, sum] of values.entries()) {
    const count = tokens[Math.floor(i / columns)] ?? 0;
    values[i] = count > 0 ? sum / count : 1;
  }
  if (!values.every((value) => Number.isFinite(value) && value >= 0)) {
    throw invalidImatrix(imatrix.path, `the entry of ${tensor.name} holds what is no mean of squares`);
  }
  return { values, tokens };
}

function invalidImatrix(path: string, what: string): QuantsmithError {
  return new QuantsmithError(
    "QS-IMATRIX-INVALID",
    `${basename(path)} cannot be used as an importance matrix: ${what}`,
    {
      remedy: "Compute it again from this model with --fresh; older .dat files are not read.",
      at: { file: path },
    },
  );
}
