import { stat } from "node:fs/promises";
import { join } from "node:path";
import { keptWeights, sourceHeader } from "../checkpoint/gguf/check-gguf.js";
import { requireSource } from "../checkpoint/gguf/require-source.js";
import { selectHubGguf } from "../checkpoint/gguf/select-hub-gguf.js";
import type { SourceHeader } from "../checkpoint/gguf/source-header.js";
import type { KeptWeights } from "../checkpoint/outline/checkpoint-outline.js";
import { readGguf } from "../gguf/read-header.js";
import { type HubConnection, hubConnection } from "../hub/connection.js";
import { parseDigest } from "../hub/digest.js";
import { repoCache } from "../hub/download/cache-layout.js";
import { offlineError } from "../hub/hub-error.js";
import type { HubFile } from "../hub/hub-file.js";
import { limitsOf, listModel } from "../hub/list-model.js";
import { readGgufHeader } from "../hub/read-gguf-header.js";
import type { Gating } from "../hub/upload/repository.js";
import { rowBytes } from "../quant/ggml-types.js";
import { remoteSourceHeader } from "./remote-source-header.js";

/** A GGUF file of a repository, by its name. */
export interface HubGgufRef {
  repo: string;
  revision: string;
  file: string;
}

/** A GGUF source on the Hub, before anything is downloaded. */
export interface HubGguf {
  commit: string;
  private?: true;
  gated?: Gating;
  /** See `ModelListing`. */
  movedTo?: string;
  /** All files of the repository. */
  listing: HubFile[];
  /** The files to download: the splits, the model card and the licence. */
  files: HubFile[];
  splits: HubFile[];
  /** The header with the metadata. */
  header: SourceHeader;
  /** Values and bytes of all tensors; estimates if there are splits whose headers were not read. */
  parameters: number;
  tensorBytes: number;
  /** The weights in a quantized type; undefined without any. */
  kept: KeptWeights | undefined;
}

/**
 * Finds a GGUF file of a repository and verifies its header: of splits, the headers up to the first with tensors. The
 * fetch stage verifies the others. Reads the cache, else the Hub.
 * Errors: QS-HUB-*, QS-GGUF-*, QS-FETCH-*, QS-CONVERT-TOKENIZER.
 */
export async function findHubGguf({ repo, revision, file }: HubGgufRef): Promise<HubGguf> {
  const connection = hubConnection();
  const model = await listModel(connection, repo, revision);
  const { commit, movedTo, files: listing } = model;
  const { files, splits } = await selectHubGguf(`hf:${repo}`, listing, file);
  const headers: SourceHeader[] = [];
  for (const split of splits) {
    headers.push(await readHeader(connection, { repo, commit, file: split }));
    if (headers.some(({ tensors }) => tensors.length > 0)) break;
  }
  requireSource(headers);
  const [header] = headers;
  if (header === undefined) throw new Error("a GGUF source without a file");
  const tensors = headers.flatMap(({ tensors }) => tensors);
  const known = tensors.map(tensorSize);
  const sum = (figure: "elements" | "bytes") => known.reduce((total, tensor) => total + tensor[figure], 0);
  const isWhole = headers.length === splits.length;
  const tensorBytes = isWhole ? sum("bytes") : splits.reduce((total, { bytes }) => total + bytes, 0);
  // The splits that were not read have about as many bytes per value, and as large a share of quantized values.
  const parameters = Math.round((tensorBytes * sum("elements")) / Math.max(1, sum("bytes")));
  const found = keptWeights(tensors);
  const kept = found && { ...found, parameters: (found.parameters * parameters) / sum("elements") };
  return {
    commit,
    listing,
    files,
    splits,
    header,
    parameters,
    tensorBytes,
    kept,
    ...limitsOf(model),
    ...(movedTo !== undefined && { movedTo }),
  };
}

async function readHeader(
  connection: HubConnection,
  { repo, commit, file }: { repo: string; commit: string; file: HubFile },
): Promise<SourceHeader> {
  const { blobs } = repoCache(connection.cacheFolder, repo);
  const blob = join(blobs, parseDigest(file.digest, file.bytes).hex);
  const cached = await stat(blob).catch(() => undefined);
  if (cached?.size === file.bytes) {
    try {
      return sourceHeader(file.path, await readGguf(blob));
    } catch (error) {
      if (connection.offline) throw error;
      // The fetch stage replaces a damaged file of the cache.
    }
  }
  if (connection.offline) throw offlineError(`${file.path} of ${repo} at ${commit}`);
  const signal = new AbortController().signal;
  return remoteSourceHeader(file.path, () => readGgufHeader(connection, { repo, commit, file }, signal));
}

function tensorSize({ shape, type }: SourceHeader["tensors"][number]): { elements: number; bytes: number } {
  const [row = 1, ...others] = shape;
  const rows = others.reduce((product, size) => product * size, 1);
  return { elements: row * rows, bytes: rowBytes(type, row) * rows };
}
