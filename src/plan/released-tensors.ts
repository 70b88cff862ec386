import { join } from "node:path";
import type { SnapshotFile } from "../checkpoint/snapshot-report.js";
import { hubConnection } from "../hub/connection.js";
import type { HubFile } from "../hub/hub-file.js";
import { listModel } from "../hub/list-model.js";
import type { Settings } from "../recipe/settings.js";
import { checksumsFile } from "../release/checksums.js";
import { lockFileName } from "../release/provenance.js";
import type { RunReport } from "../release/release-report.js";
import { folderSource } from "../release/verify/folder-source.js";
import { hubSource } from "../release/verify/hub-source.js";
import { parseRelease } from "../release/verify/parse-release.js";
import type { ReleaseSource } from "../release/verify/release-source.js";
import { verifyRelease } from "../release/verify/verify-release.js";
import type { Json, JsonObject } from "../util/canonical-json.js";
import { QuantsmithError } from "../util/errors.js";
import { isJsonObject } from "../util/json-differences.js";
import { parseForeignYaml } from "../util/yaml/parse-foreign-yaml.js";

/** A verified release, whose tensors a new one can take over. */
export interface ReleasedTensors {
  /** `hf:org/name@commit`; `local folder` without a path, since a release names none. */
  release: string;
  place: { kind: "hub"; repo: string; commit: string; listing: readonly HubFile[] } | { kind: "folder"; path: string };
  report: RunReport;
  /** Its `recipe.lock.yaml`. */
  lock: JsonObject;
  files: readonly SnapshotFile[];
  /** sha256 of its SHA256SUMS. */
  checksums: string;
}

/**
 * Verifies the present release of a recipe, that at its target, without a target that in the output folder, and reads what
 * it records. Errors: QS-HUB-*, QS-VERIFY-TARGET, QS-WATCH-RELEASE if it is not valid.
 */
export async function readReleasedTensors(
  { publish, name }: Pick<Settings, "publish" | "name">,
  out: string,
  signal: AbortSignal,
): Promise<ReleasedTensors> {
  const target = publish?.target;
  if (target?.kind === "hub") {
    const connection = hubConnection();
    const { repo } = target;
    const { commit, files: listing } = await listModel(connection, repo, "main", signal);
    const source = await hubSource(connection, { repo, revision: commit }, signal);
    const digests = new Map(listing.map(({ path, digest }) => [path, digest]));
    return {
      ...(await readVerified(source, digests)),
      release: source.name,
      place: { kind: "hub", repo, commit, listing },
    };
  }
  const path = target?.path ?? join(out, "releases", name);
  const source = await folderSource(path, signal);
  return { ...(await readVerified(source)), release: "local folder", place: { kind: "folder", path } };
}

/** `listed`: digests that a download compares, where they are not those of the verification. */
async function readVerified(source: ReleaseSource, listed?: ReadonlyMap<string, string>) {
  const { problems, files: found } = await verifyRelease(source);
  const problem = problems.find(({ severity }) => severity === "error");
  if (problem !== undefined) throw invalid(source, `${problem.message} (${problem.code})`);
  const report = parseRelease(await source.text("release.json"));
  if (typeof report === "string") throw invalid(source, report);
  const digests = new Map(found.flatMap(({ path, sha256 }) => (sha256 === null ? [] : [[path, sha256] as const])));
  const files = found.flatMap(({ path, bytes }): SnapshotFile[] => {
    const sha256 = digests.get(path);
    return sha256 === undefined ? [] : [{ path, bytes, digest: listed?.get(path) ?? `sha256:${sha256}` }];
  });
  const lock = parseForeignYaml(await source.text(lockFileName)) as Json | undefined;
  if (!isJsonObject(lock)) throw invalid(source, `${lockFileName} cannot be read`);
  return { report, lock, files, checksums: digests.get(checksumsFile) ?? "" };
}

function invalid({ name }: ReleaseSource, reason: string): QuantsmithError {
  return new QuantsmithError("QS-WATCH-RELEASE", `${name} is not valid, so its tensors are not reused: ${reason}`, {
    remedy: "Build the release again with `quantsmith run --publish`.",
  });
}
