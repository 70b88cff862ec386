import { alignUp } from "../../gguf/place-tensors.js";
import type { HubConnection } from "../../hub/connection.js";
import { parseDigest } from "../../hub/digest.js";
import type { HubFile } from "../../hub/hub-file.js";
import { formatHubRef } from "../../hub/hub-ref.js";
import { listModel } from "../../hub/list-model.js";
import { readHubFile } from "../../hub/read-file.js";
import { type RemoteGguf, readGgufHeader } from "../../hub/read-gguf-header.js";
import { ggmlTypeById, rowBytes } from "../../quant/ggml-types.js";
import { QuantsmithError } from "../../util/errors.js";
import { sha256 } from "../../util/sha256.js";
import { type HeaderFacts, maxTextBytes, type ReleaseSource } from "./release-source.js";

/**
 * A release in a Hub repository at the current commit of `revision`. Digests of large files come from the Hub's listing;
 * small files are downloaded and hashed. Errors: QS-HUB-*, QS-FETCH-HASH.
 */
export async function hubSource(
  connection: HubConnection,
  { repo, revision }: { repo: string; revision: string },
  signal: AbortSignal,
): Promise<ReleaseSource> {
  const { commit, files } = await listModel(connection, repo, revision, signal);
  const byPath = new Map(files.map((file) => [file.path, file]));
  const find = (path: string): HubFile => {
    const file = byPath.get(path);
    if (file === undefined) throw new Error(`${path} is not in the listing`);
    return file;
  };
  const read = (file: HubFile) => readHubFile(connection, { repo, commit, file, maxBytes: maxTextBytes }, signal);
  return {
    name: formatHubRef({ repo, revision: commit }),
    shared: true,
    files: async () => ({ files: files.map(({ path, bytes }) => ({ path, bytes })), problems: [] }),
    async sha256(path) {
      const file = find(path);
      const digest = parseDigest(file.digest, file.bytes);
      return digest.algorithm === "sha256" ? digest.hex : sha256(await read(file));
    },
    text: async (path) => (await read(find(path))).toString("utf8"),
    async header(path) {
      try {
        return remoteFacts(await readGgufHeader(connection, { repo, commit, file: find(path) }, signal));
      } catch (error) {
        if (error instanceof QuantsmithError || signal.aborted || !(error instanceof Error)) throw error;
        return `@huggingface/gguf cannot read the header: ${error.message}`;
      }
    },
  };
}

/** Throws an Error for an unknown tensor type. */
function remoteFacts({ metadata, tensorInfos, tensorDataOffset }: RemoteGguf): HeaderFacts {
  const alignment = Number(metadata["general.alignment"] ?? 32);
  const types: Record<string, number> = {};
  const matrices = new Map<string, string>();
  let parameters = 0;
  let tensorBytes = 0;
  let end = 0;
  for (const { name, shape, dtype, offset } of tensorInfos) {
    const type = ggmlTypeById(dtype);
    if (type === undefined) throw new Error(`${name} has the unknown type ${dtype}`);
    const [row = 1, ...rows] = shape.map(Number);
    const bytes = rows.reduce((product, size) => product * size, rowBytes(type, row));
    types[type.name] = (types[type.name] ?? 0) + 1;
    if (shape.length > 1) matrices.set(name, type.name);
    parameters += rows.reduce((product, size) => product * size, row);
    tensorBytes += bytes;
    end = Math.max(end, alignUp(Number(offset) + bytes, alignment));
  }
  const architecture = metadata["general.architecture"];
  return {
    architecture: typeof architecture === "string" ? architecture : null,
    parameters,
    types,
    matrices,
    alignment,
    bitsPerWeight: parameters === 0 ? 0 : (8 * tensorBytes) / parameters,
    bytes: Number(tensorDataOffset) + end,
    findings: [],
  };
}
