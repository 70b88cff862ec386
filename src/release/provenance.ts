import { parseHubRef } from "../hub/hub-ref.js";
import { hubUrl } from "../hub/hub-url.js";
import type { JsonObject } from "../util/canonical-json.js";
import { sha256 } from "../util/sha256.js";
import { shellPath } from "../util/shell-word.js";
import { checksumsFile } from "./checksums.js";
import type { InputFile, ReleaseFacts } from "./release-facts.js";
import type { RunReport } from "./release-report.js";

export const provenanceFile = "provenance.intoto.json";

/** `buildType` of a quantsmith run. */
export const buildType = "urn:quantsmith:release:v1";

/** The resolved recipe: every setting, and every input by digest. */
export const lockFileName = "recipe.lock.yaml";

/**
 * Renders `provenance.intoto.json`: an in-toto Statement v1 with a SLSA provenance v1 predicate. The subjects are the
 * files of the release; `releaseDigest` (`stableReleaseDigest`) represents `release.json`, whose times differ between
 * runs. Without timestamps and machine names, so that a repeated run produces the same text.
 */
export function renderProvenance(facts: ReleaseFacts, releaseDigest: string): string {
  const { report, lock, files } = facts;
  const { model } = report;
  const toolchain = report.tensorsFrom?.toolchain ?? report.toolchain;
  const statement = {
    _type: "https://in-toto.io/Statement/v1",
    subject: files.map((file) => ({ name: file.path, digest: { sha256: file.sha256 } })),
    predicateType: "https://slsa.dev/provenance/v1",
    predicate: {
      buildDefinition: {
        buildType,
        externalParameters: {
          recipe: report.recipe,
          source: model.source,
          revision: model.commit,
          command: lockedCommand(report.recipe),
        },
        internalParameters: { lock, commands: facts.commands, ...(report.compute && { compute: report.compute }) },
        resolvedDependencies: [
          ...sourceCommit(facts),
          ...tensorsRelease(report),
          ...facts.modelFiles,
          ...facts.texts.map(({ use, dataset: _dataset, ...file }) => ({ ...file, annotations: { use } })),
        ].map(descriptor),
      },
      runDetails: {
        builder: {
          id: `pkg:npm/quantsmith@${toolchain.quantsmith ?? "0"}`,
          version: toolchain,
          builderDependencies: facts.toolFiles.map(descriptor),
        },
        byproducts: [{ name: "release.json", annotations: { stableDigest: releaseDigest } }],
      },
    },
  };
  return `${JSON.stringify(statement, null, 2)}\n`;
}

/** Returns the command that builds a release again from its recipe and lock file. */
export function lockedCommand(recipe: string): string {
  return `quantsmith run ${shellPath(recipe)} --locked ${lockFileName}`;
}

function sourceCommit({ baseModel, report }: ReleaseFacts): InputFile[] {
  const { commit } = report.model;
  if (baseModel === null || commit === null) return [];
  return [{ name: baseModel, uri: `git+${hubUrl(baseModel)}@${commit}`, digest: { gitCommit: commit } }];
}

/** The release that the tensors are from, by its list of digests. */
function tensorsRelease({ tensorsFrom }: RunReport): InputFile[] {
  if (tensorsFrom === undefined) return [];
  const { release, checksums } = tensorsFrom;
  const { repo, revision } = parseHubRef(release) ?? {};
  const uri = repo === undefined ? {} : { uri: encodeURI(hubUrl(repo, `/resolve/${revision}/${checksumsFile}`)) };
  return [{ name: `${checksumsFile} of ${release}`, ...uri, digest: { sha256: checksums } }];
}

/** Adds a URN to a text generated in the run: a ResourceDescriptor requires a URI, a digest or content. */
function descriptor(file: InputFile & { annotations?: JsonObject }): object {
  if (file.uri !== undefined || file.digest !== undefined) return file;
  return { ...file, uri: `urn:quantsmith:made-in-run:${sha256(file.name).slice(0, 16)}` };
}
