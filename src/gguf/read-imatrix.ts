import { basename } from "node:path";
import type { Importance } from "../quant/source-tensor.js";
import { QuantsmithError } from "../util/errors.js";
import { quote } from "../util/quote.js";
import type { Gguf, GgufTensor } from "./gguf.js";
import { metadataNumber } from "./metadata.js";
import { readFloats } from "./read-floats.js";
import { readGguf } from "./read-header.js";

export interface ImatrixEntry {
  /** Columns of the model's tensor. */
  columns: number;
  /** Tokens per expert; one number for a dense tensor. */
  tokens: Float32Array;
  /** Sums of squared activations, not read yet. */
  sums: GgufTensor;
}

/** An imatrix written by llama-imatrix. `readImportance` reads the sums on demand. */
export interface Imatrix {
  path: string;
  /** Names of the calibration texts. */
  datasets: string[];
  chunks: number;
  /** Tokens per chunk. */
  chunkTokens: number;
  /** By name of the model's tensor, in file order. */
  entries: ReadonlyMap<string, ImatrixEntry>;
}

const sumsSuffix = ".in_sum2";
const countsSuffix = ".counts";

/**
 * Reads the entries of an imatrix in GGUF format. Throws QS-IMATRIX-INVALID if the file is not an imatrix or is
 * inconsistent, and the errors of `readGguf`.
 */
export async function readImatrix(path: string): Promise<Imatrix> {
  const gguf = await readGguf(path);
  const datasets = gguf.metadata.get("imatrix.datasets");
  const chunks = metadataNumber(gguf, "imatrix.chunk_count");
  const chunkTokens = metadataNumber(gguf, "imatrix.chunk_size");
  if (datasets?.type !== "array" || chunks === undefined || chunkTokens === undefined) {
    throw invalidImatrix(path, "it lacks the metadata of an imatrix");
  }
  const tensors = new Map(gguf.tensors.map((tensor) => [tensor.name, tensor]));
  const entries = new Map<string, ImatrixEntry>();
  for (const [name, sums] of tensors) {
    if (!name.endsWith(sumsSuffix)) continue;
    const owner = name.slice(0, -sumsSuffix.length);
    entries.set(owner, await readEntry(gguf, owner, sums, tensors.get(owner + countsSuffix)));
  }
  if (entries.size === 0) throw invalidImatrix(path, "it contains no entries");
  return { path, datasets: datasets.items.map(String), chunks, chunkTokens, entries };
}

async function readEntry(gguf: Gguf, owner: string, sums: GgufTensor, counts: GgufTensor | undefined) {
  const [columns = 1, experts = 1] = sums.shape;
  // Files omit trailing dimensions of 1, so a dense tensor's counts have the shape [1].
  const fits = counts !== undefined && counts.shape[0] === 1 && (counts.shape[1] ?? 1) === experts;
  if (!fits || sums.type.name !== "F32" || counts.type.name !== "F32") {
    throw invalidImatrix(gguf.path, `the sums and counts of ${quote(owner)} do not match`);
  }
  const tokens = await readFloats(gguf.path, counts);
  if (!tokens.every((count) => Number.isFinite(count) && count >= 0)) {
    throw invalidImatrix(gguf.path, `a token count of ${quote(owner)} is negative or not finite`);
  }
  return { columns, tokens, sums };
}

/**
 * Reads the weights of one model tensor as llama-quantize computes them: sum / count in single precision, 1 for experts
 * without a token. Undefined if the imatrix has no entry for the tensor. Throws QS-IMATRIX-INVALID if the entry has another
 * shape or contains values that are negative or not finite.
 */
export async function readImportance(
  imatrix: Imatrix,
  tensor: { name: string; shape: readonly number[] },
): Promise<Importance | undefined> {
  const entry = imatrix.entries.get(tensor.name);
  if (entry === undefined) return undefined;
  const { columns, tokens, sums } = entry;
  if (columns !== tensor.shape[0] || tokens.length !== (tensor.shape[2] ?? 1)) {
    // llama-quantize ignores an entry for the embedding, because its counts are per row.
    if (tensor.name === "token_embd.weight") return undefined;
    throw invalidImatrix(imatrix.path, `the entry of ${quote(tensor.name)} is for a tensor of another shape`);
  }
  const values = await readFloats(imatrix.path, sums);
  for (const [i, sum] of values.entries()) {
    const count = tokens[Math.floor(i / columns)] ?? 0;
    values[i] = count > 0 ? sum / count : 1;
  }
  if (!values.every((value) => Number.isFinite(value) && value >= 0)) {
    throw invalidImatrix(
      imatrix.path,
      `the entry of ${quote(tensor.name)} contains values that are negative or not finite`,
    );
  }
  return { values, tokens };
}

function invalidImatrix(path: string, what: string): QuantsmithError {
  return new QuantsmithError("QS-IMATRIX-INVALID", `cannot use ${quote(basename(path))} as an imatrix: ${what}`, {
    remedy: "Run again with `--fresh` to compute it from this model; older .dat files are not supported.",
    at: { file: path },
  });
}
