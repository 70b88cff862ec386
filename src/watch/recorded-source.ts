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

/**
 * Reads what the present release of a recipe records: that at its publish target, without a target that in the output
 * folder. Undefined if there is no release, or its record cannot be read. Errors: QS-HUB-*.
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

/** Reads what the release of a pull request records. Errors: QS-HUB-*. */
export function readProposed(
  connection: HubConnection,
  repo: string,
  pullRequest: number,
  signal: AbortSignal,
): Promise<RecordedSource | undefined> {
  return readLock(() => hubSource(connection, { repo, revision: `refs/pr/${pullRequest}` }, signal));
}

async function readLock(open: () => Promise<ReleaseSource>): Promise<RecordedSource | undefined> {
  try {
    const source = await open();
    const listed = (await source.files()).files.find(({ path }) => path === lockFile);
    if (listed === undefined || listed.bytes > maxTextBytes) return undefined;
    return recorded.safeParse(parseForeignYaml(await source.text(lockFile))).data?.model;
  } catch (error) {
    const isAbsent = error instanceof QuantsmithError && ["QS-HUB-MISSING", "QS-VERIFY-TARGET"].includes(error.code);
    if (isAbsent) return undefined;
    throw error;
  }
}
