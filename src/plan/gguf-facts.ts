import { realpath } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { checkGguf, localSplits } from "../checkpoint/gguf/check-gguf.js";
import { tokenCount } from "../gguf/placeholder-tokens.js";
import { limitsOf } from "../hub/list-model.js";
import { modelKind } from "../stages/smoke/model-facts.js";
import type { DigestCache } from "../util/digest-cache.js";
import type { ModelFacts } from "./facts.js";
import { findHubGguf, type HubGgufRef } from "./hub-gguf.js";
import { hubModelSource } from "./hub-source.js";
import { movedWarnings } from "./moved-source.js";

/** Verifies and hashes a local GGUF file with its splits. Errors: QS-GGUF-*, QS-FETCH-*, QS-CONVERT-TOKENIZER. */
export async function localGguf(path: string, digests: DigestCache): Promise<ModelFacts> {
  const names = (await localSplits(path)).map((split) => basename(split));
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
    ...(first && { kind: modelKind(first) }),
    parameters: snapshot.parameters,
    tensorBytes: snapshot.tensorBytes,
    ...(snapshot.kept && { kept: snapshot.kept }),
    config: null,
    vocabulary: first === undefined ? null : tokenCount(first),
    warnings: [],
  };
}

/** Collects the facts of a GGUF file on the Hub. Errors: as `findHubGguf`. */
export async function hubGguf({ repo, revision, file }: HubGgufRef, ownDownloads: boolean): Promise<ModelFacts> {
  const source = await findHubGguf({ repo, revision, file });
  const { commit, movedTo, listing, files, splits, header, parameters, tensorBytes, kept } = source;
  const found = { repo, revision, commit, listing, ...limitsOf(source) };
  return {
    source: await hubModelSource(found, files, ownDownloads),
    files: files.map(({ path, bytes, digest }) => ({ path, bytes, digest })),
    gguf: splits.map(({ path }) => path),
    kind: modelKind(header),
    parameters,
    tensorBytes,
    ...(kept && { kept }),
    config: null,
    vocabulary: tokenCount(header),
    warnings: movedWarnings(repo, movedTo),
  };
}
