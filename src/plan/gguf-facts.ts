import { realpath, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { checkGguf, sourceHeader } from "../checkpoint/gguf/check-gguf.js";
import { requireSource, type SourceHeader } from "../checkpoint/gguf/require-source.js";
import { selectHubGguf } from "../checkpoint/gguf/select-hub-gguf.js";
import { findSplits } from "../checkpoint/gguf/split-names.js";
import { tokenCount } from "../gguf/placeholder-tokens.js";
import { readGguf } from "../gguf/read-header.js";
import { type HubConnection, hubConnection } from "../hub/connection.js";
import { parseDigest } from "../hub/digest.js";
import { repoCache } from "../hub/download/cache-layout.js";
import { missingBytes } from "../hub/download/cache-space.js";
import { offlineError } from "../hub/hub-error.js";
import type { HubFile } from "../hub/hub-file.js";
import { listModel } from "../hub/list-model.js";
import { readGgufHeader } from "../hub/read-gguf-header.js";
import { rowBytes } from "../quant/ggml-types.js";
import type { DigestCache } from "../util/digest-cache.js";
import type { ModelFacts } from "./facts.js";
import { remoteSourceHeader } from "./remote-source-header.js";

/** Verifies and hashes a local GGUF file with its splits. Errors: QS-GGUF-*, QS-FETCH-*, QS-CONVERT-TOKENIZER. */
export async function localGguf(path: string, digests: DigestCache): Promise<ModelFacts> {
  const exists = (split: string) =>
    stat(split).then(
      (found) => found.isFile(),
      () => false,
    );
  const splits = await findSplits(path, exists);
  const names = splits.map((split) => basename(split));
  const snapshot = await checkGguf(dirname(path), names);
  const folder = await realpath(dirname(path));
  const files = [];
  for (const { path: name, size } of snapshot.files) {
    files.push({ path: name, bytes: size, digest: `sha256:${await digests.digest(join(folder, name))}` });
  }
  const [first] = snapshot.headers;
  return {
    source: { kind: "local", folder },
    files,
    gguf: names,
    parameters: snapshot.parameters,
    tensorBytes: snapshot.tensorBytes,
    config: null,
    vocabulary: first === undefined ? null : tokenCount(first),
  };
}

/**
 * Looks a GGUF file of a repository up and verifies its header before anything is downloaded; of splits, the first
 * header with tensors, the others being verified by fetch. Errors: as `localGguf`, and QS-HUB-*.
 */
export async function hubGguf({
  repo,
  revision,
  file,
}: {
  repo: string;
  revision: string;
  file: string;
}): Promise<ModelFacts> {
  const connection = hubConnection();
  const { commit, files: listing } = await listModel(connection, repo, revision);
  const { files, splits } = await selectHubGguf(`hf:${repo}`, listing, file);
  const headers: SourceHeader[] = [];
  for (const split of splits) {
    headers.push(await readHeader(connection, repo, commit, split));
    if (headers.some(({ tensors }) => tensors.length > 0)) break;
  }
  requireSource(headers);
  const known = headers.flatMap(({ tensors }) => tensors).map(tensorSize);
  const sum = (figure: "elements" | "bytes") => known.reduce((total, tensor) => total + tensor[figure], 0);
  const isWhole = headers.length === splits.length;
  const tensorBytes = isWhole ? sum("bytes") : splits.reduce((total, { bytes }) => total + bytes, 0);
  const missing = await missingBytes(repoCache(connection.cacheFolder, repo), files);
  return {
    source: { kind: "hub", repo, revision, commit, listing, missingBytes: missing },
    files: files.map(({ path, bytes, digest }) => ({ path, bytes, digest })),
    gguf: splits.map(({ path }) => path),
    // The splits that were not read have about as many bytes per value.
    parameters: Math.round((tensorBytes * sum("elements")) / sum("bytes")),
    tensorBytes,
    config: null,
    vocabulary: headers[0] === undefined ? null : tokenCount(headers[0]),
  };
}

async function readHeader(
  connection: HubConnection,
  repo: string,
  commit: string,
  file: HubFile,
): Promise<SourceHeader> {
  const { blobs } = repoCache(connection.cacheFolder, repo);
  const blob = join(blobs, parseDigest(file.digest, file.bytes).hex);
  const cached = await stat(blob).catch(() => undefined);
  if (cached?.size === file.bytes) return sourceHeader(file.path, await readGguf(blob));
  if (connection.offline) throw offlineError(`${file.path} of ${repo} at ${commit}`);
  const signal = new AbortController().signal;
  return remoteSourceHeader(file.path, () => readGgufHeader(connection, { repo, commit, file }, signal));
}

function tensorSize({ shape, type }: SourceHeader["tensors"][number]): { elements: number; bytes: number } {
  const [row = 1, ...others] = shape;
  const rows = others.reduce((product, size) => product * size, 1);
  return { elements: row * rows, bytes: rowBytes(type, row) * rows };
}
