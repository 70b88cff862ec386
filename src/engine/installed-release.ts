import { readdir, realpath, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as z from "zod";
import { parseChecked, renderChecked } from "../util/checked-json.js";
import { QuantsmithError } from "../util/errors.js";
import { isPresent, writeFileAtomic } from "../util/files.js";
import { readTextIfAny } from "../util/regular-file.js";
import { type RecordedFile, recordedFile } from "./record.js";
import type { ReleaseOwner } from "./release-owner.js";
import type { Workspace } from "./workspace.js";

/** `releases/.<name>.json`: what quantsmith wrote to `releases/<name>/`. It contains local paths, so it is outside. */
export interface InstalledRelease {
  format: 1;
  owner: ReleaseOwner;
  /** While a release replaces another, the files of both. */
  files: RecordedFile[];
}

const text = z.string();
const installedRelease = z.object({
  format: z.literal(1),
  owner: z.object({
    recipe: text,
    sha256: text,
    gates: text.exactOptional(),
    source: text.exactOptional(),
    // Records of earlier versions lack the folder.
    releases: text.exactOptional(),
  }),
  files: z.array(recordedFile),
});

export interface ReleasePaths {
  /** The path for users. */
  release: string;
  /** Where it is, or will be: `release` may be a link. */
  folder: string;
  /** The installation record. */
  record: string;
}

/** Returns the paths of a release, which may be missing. */
export async function releasePaths({ releases }: Workspace, name: string): Promise<ReleasePaths> {
  const release = join(releases, name);
  const folder = await realpath(release).catch(() => release);
  return { release, folder, record: join(releases, `.${name}.json`) };
}

/** Reads an installation record; returns undefined if it is missing or damaged. */
export async function readInstalled(record: string): Promise<InstalledRelease | undefined> {
  const installed = installedRelease.safeParse(parseChecked(await readTextIfAny(record))).data;
  if (installed === undefined) return undefined;
  const { owner } = installed;
  return { ...installed, owner: { ...owner, releases: owner.releases ?? (await realpath(dirname(record))) } };
}

/** Throws QS-RELEASE-FOREIGN if something else is at the path of an installation record, which would replace it. */
export async function requireOwnRecord(record: string): Promise<void> {
  if (!(await isPresent(record)) || (await readInstalled(record)) !== undefined) return;
  throw new QuantsmithError("QS-RELEASE-FOREIGN", `cannot replace ${record}, which is not the record of a release`, {
    remedy: "Move the file. It is the name of quantsmith's record of the release beside it.",
  });
}

/** Returns the installed files of all releases. */
export async function listInstalled({ releases }: Workspace): Promise<RecordedFile[]> {
  const records = (await readdir(releases)).filter((name) => /^\..+\.json$/.test(name));
  const installed = await Promise.all(records.map((name) => readInstalled(join(releases, name))));
  return installed.flatMap((one) => one?.files ?? []);
}

/** Writes an installation record unless it is up to date. */
export async function writeInstalled(record: string, installed: InstalledRelease): Promise<void> {
  const text = renderChecked(installed);
  if ((await readTextIfAny(record)) !== text) await writeFileAtomic(record, text);
}

/** Removes an installation record. */
export async function removeInstalled(record: string): Promise<void> {
  await rm(record, { force: true });
}
