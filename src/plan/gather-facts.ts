import { realpath } from "node:fs/promises";
import { join } from "node:path";
import { hubConnection } from "../hub/connection.js";
import { listModel } from "../hub/list-model.js";
import { findPinnedPackage } from "../llamacpp/pinned-package.js";
import { describePython } from "../llamacpp/python-env.js";
import { describeToolchain } from "../llamacpp/toolchain.js";
import type { Settings } from "../recipe/settings.js";
import { checkSnapshot } from "../stages/fetch/check-snapshot.js";
import { isSnapshotFile } from "../stages/fetch/snapshot-files.js";
import type { DigestCache } from "../util/digest-cache.js";
import { isSystemError, QuantsmithError } from "../util/errors.js";
import { corpusFiles } from "./corpus-files.js";
import type { ModelFacts, PlanFacts } from "./facts.js";

/**
 * Looks at the world for one recipe: hashes local files, asks the Hub for the commit, reads tool versions.
 * Writes nothing and starts no tool. Errors: QS-FETCH-*, QS-HUB-*, QS-TEXT-MISSING, QS-TOOL-*.
 */
export async function gatherFacts(settings: Settings, digests: DigestCache): Promise<PlanFacts> {
  const { source } = settings.model;
  const model = source.kind === "local" ? await localModel(source.path, digests) : await hubModel(source);
  const toolchain = await describeToolchain();
  if (toolchain.state === "missing") throw toolchain.problem;
  const python = await describePython();
  const nodeLlamaCpp = (await findPinnedPackage()).packageVersion;
  return {
    model,
    texts: await hashTexts(settings, digests),
    toolDigests: {
      "llama.cpp": toolchain.digest,
      converter: `${toolchain.digest}+${python.digest}`,
      "node-llama-cpp": nodeLlamaCpp,
    },
    toolVersions: { llamaCpp: toolchain.version, nodeLlamaCpp },
  };
}

async function localModel(path: string, digests: DigestCache): Promise<ModelFacts> {
  const snapshot = await checkSnapshot(path);
  const folder = await realpath(path);
  const files = [];
  for (const { path: name, size } of snapshot.files) {
    files.push({ path: name, bytes: size, digest: `sha256:${await digests.digest(join(folder, name))}` });
  }
  const vocabulary = snapshot.config.vocab_size;
  return {
    source: { kind: "local", folder },
    files,
    parameters: snapshot.parameters,
    tensorBytes: snapshot.tensorBytes,
    vocabulary: typeof vocabulary === "number" ? vocabulary : null,
  };
}

async function hubModel({ repo, revision }: { repo: string; revision: string }): Promise<ModelFacts> {
  const { commit, files } = await listModel(hubConnection(), repo, revision);
  const wanted = files.filter(({ path }) => isSnapshotFile(path)).map((file) => ({ ...file }));
  const weights = wanted.filter(({ path }) => path.endsWith(".safetensors"));
  if (weights.length === 0) {
    throw new QuantsmithError("QS-FETCH-NO-WEIGHTS", `hf:${repo} has no safetensors weights at ${commit}`, {
      remedy: "Choose a repository that publishes safetensors; pickle checkpoints are refused.",
    });
  }
  const tensorBytes = weights.reduce((sum, { bytes }) => sum + bytes, 0);
  return {
    source: { kind: "hub", repo, commit },
    files: wanted,
    parameters: tensorBytes / 2,
    tensorBytes,
    vocabulary: null,
  };
}

async function hashTexts(settings: Settings, digests: DigestCache): Promise<Map<string, string>> {
  const hashes = new Map<string, string>();
  for (const kind of ["calibration", "search", "evaluation"] as const) {
    for (const path of corpusFiles(settings[kind].corpus, kind)) {
      try {
        hashes.set(path, await digests.digest(path));
      } catch (cause) {
        const reason = isSystemError(cause) ? ` (${cause.code})` : "";
        throw new QuantsmithError("QS-TEXT-MISSING", `the ${kind} text ${path} cannot be read${reason}`, {
          remedy: "Correct the path in the recipe; it is relative to the recipe's folder.",
          at: settings.locate([kind, "corpus"]),
          cause,
        });
      }
    }
  }
  return hashes;
}
