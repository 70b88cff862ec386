import { join } from "node:path";
import * as z from "zod";
import type { HubConnection } from "../hub/connection.js";
import { digestPattern } from "../hub/digest.js";
import { isCommit, isSafePath } from "../hub/hub-file.js";
import type { Settings } from "../recipe/settings.js";
import { folderSource } from "../release/verify/folder-source.js";
import { hubSource } from "../release/verify/hub-source.js";
import { maxTextBytes, type ReleaseSource } from "../release/verify/release-source.js";
import { QuantsmithError } from "../util/errors.js";
import { parseForeignYaml } from "../util/yaml/parse-foreign-yaml.js";

const lockFile = "recipe.lock.yaml";

const recorded = z.object({
  model: z.object({
    /** `hf:org/name`, or `hf:org/name/file.gguf`. */
    source: z.string(),
    commit: z.string().refine(isCommit).nullable(),
    /** Absent for a source that was not gated, and in releases of earlier versions. */
    gated: z.enum(["auto", "manual"]).optional(),
    files: z.array(
      z.object({
        path: z.string().refine(isSafePath),
        bytes: z.int().min(0),
        digest: z.string().regex(digestPattern),
      }),
    ),
  }),
});

/** The source of a release, as its `recipe.lock.yaml` records it. */
export type RecordedSource = z.output<typeof recorded>["model"];

/** Files of which a release has at least one. */
const releaseFiles = [lockFile, "release.json", "SHA256SUMS"];

/**
 * Reads what the present release of a recipe records: that at its publish target, without a target that in the output
 * folder. Undefined if there is no release. Errors: QS-WATCH-RECORD if a release's record cannot be read, QS-HUB-*.
 */
export async function readRecorded(
  connection: HubConnection,
  { publish, name }: Pick<Settings, "publish" | "name">,
  out: string,
  signal: AbortSignal,
): Promise<RecordedSource | undefined> {
  const target = publish?.target;
  return readLock(() => {
    if (target?.kind === "hub") return hubSource(connection, { repo: target.repo, revision: "main" }, signal);
    return folderSource(target?.path ?? join(out, "releases", name), signal);
  });
}

/** Reads what the release of a pull request records; undefined if anything else is proposed. Errors: QS-HUB-*. */
export async function readProposed(
  connection: HubConnection,
  repo: string,
  pullRequest: number,
  signal: AbortSignal,
): Promise<RecordedSource | undefined> {
  try {
    return await readLock(() => hubSource(connection, { repo, revision: `refs/pr/${pullRequest}` }, signal));
  } catch (error) {
    if (error instanceof QuantsmithError && error.code === "QS-WATCH-RECORD") return undefined;
    throw error;
  }
}

async function readLock(open: () => Promise<ReleaseSource>): Promise<RecordedSource | undefined> {
  const source = await open().catch((error) => {
    const isAbsent = error instanceof QuantsmithError && ["QS-HUB-MISSING", "QS-VERIFY-TARGET"].includes(error.code);
    if (isAbsent) return undefined;
    throw error;
  });
  if (source === undefined) return undefined;
  const { files, problems } = await source.files();
  const listed = files.find(({ path }) => path === lockFile);
  if (listed !== undefined && listed.bytes <= maxTextBytes) {
    const record = recorded.safeParse(parseForeignYaml(await source.text(lockFile))).data?.model;
    if (record !== undefined) return record;
  }
  const names = [...files.map(({ path }) => path), ...problems.map(({ file }) => file)];
  if (releaseFiles.some((name) => names.includes(name))) throw unreadable(source.name);
  return undefined;
}

function unreadable(place: string): QuantsmithError {
  return new QuantsmithError("QS-WATCH-RECORD", `cannot read ${lockFile} of the release ${place}`, {
    remedy: "Restore the release, or check it with `quantsmith verify` and run its recipe to publish a new one.",
  });
}
