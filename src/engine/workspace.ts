import { randomBytes } from "node:crypto";
import { access, constants, realpath, rm, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { isSystemError, QuantsmithError } from "../util/errors.js";
import { makeFolder } from "../util/files.js";
import { mountPoints } from "../util/mount-points.js";
import { removeDeadScratch, scratchName, startHeartbeat } from "../util/scratch.js";

/** The folders below `--out`. `store` and `tmp` are on one file system, so a rename between them is atomic. */
export interface Workspace {
  root: string;
  store: string;
  locks: string;
  /** Job files for workers, with the workers' events and errors. */
  jobs: string;
  tmp: string;
  runs: string;
  releases: string;
  /** This process's own folder in `tmp`, for this user only. */
  scratch: string;
  /** Where steps are built: `scratch`, or a folder on another disk if this one supports only sequential writes. */
  build: string;
}

/** Returns the folders' paths; creates nothing. Steps are built below `buildFolder` if given. */
export function workspaceAt(out: string, buildFolder?: string): Workspace {
  const root = resolve(out);
  const tmp = join(root, "tmp");
  const name = scratchName("run");
  return {
    root,
    store: join(root, "store"),
    locks: join(root, "store", ".locks"),
    jobs: join(root, "store", ".jobs"),
    tmp,
    runs: join(root, "runs"),
    releases: join(root, "releases"),
    scratch: join(tmp, name),
    build: buildFolder === undefined ? join(tmp, name) : join(resolve(buildFolder), name),
  };
}

/**
 * Creates the folders and removes those of dead processes in `tmp`. `close` removes this process's own folders.
 * Errors: QS-ENV-OUTPUT when a folder cannot be created or written to, or `store` is on another disk than `tmp`, or in
 * another folder by a link.
 */
export async function openWorkspace(
  out: string,
  buildFolder?: string,
): Promise<Workspace & { close(): Promise<void> }> {
  const workspace = workspaceAt(out, buildFolder);
  for (const folder of Object.values(workspace)) {
    const isOwn = folder === workspace.scratch || folder === workspace.build;
    try {
      if (isOwn) await makeFolder(dirname(folder));
      // Steps copy texts there that only this user may be able to read.
      await makeFolder(folder, isOwn ? 0o700 : undefined);
      await access(folder, constants.W_OK);
    } catch (cause) {
      const reason = isSystemError(cause) ? ` (${cause.code})` : "";
      throw new QuantsmithError("QS-ENV-OUTPUT", `cannot write to the output folder ${folder}${reason}`, {
        remedy: "Set a writable folder with `--out`, or correct its permissions.",
        cause,
      });
    }
  }
  await requireOneFolder(workspace);
  const stopHeartbeat = startHeartbeat(workspace.scratch);
  await removeDeadScratch(workspace.tmp, "run");
  const close = async () => {
    stopHeartbeat();
    for (const own of [workspace.scratch, workspace.build]) await removeTemporary(own);
  };
  return { ...workspace, close };
}

/**
 * Requires that steps can be renamed between `tmp` and `store`, and that a run is visible to every process with this store: both
 * are in one real folder, and neither is a mount point. Errors: QS-ENV-OUTPUT.
 */
async function requireOneFolder({ store, tmp }: Workspace): Promise<void> {
  const [realStore, realTmp] = [await realpath(store), await realpath(tmp)];
  const mounts = await mountPoints(dirname(realStore));
  const isMounted = mounts.some((point) => point === realStore || point === realTmp);
  if (isMounted || (await stat(store)).dev !== (await stat(tmp)).dev) {
    throw new QuantsmithError("QS-ENV-OUTPUT", `${store} is on another disk or mount than ${tmp}`, {
      remedy: "Move the whole output folder to the other disk, and give its path with `--out`.",
    });
  }
  if (dirname(realStore) === dirname(realTmp)) return;
  throw new QuantsmithError("QS-ENV-OUTPUT", `${store} and ${tmp} are in different folders, by a link`, {
    remedy: "Give the output folder to which the link leads with `--out`: its other runs must be visible there.",
  });
}

/** Removes a temporary folder. A failure must not hide the reason for it; the next start removes the folder then. */
export async function removeTemporary(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true }).catch(() => undefined);
}

/** Returns an unused path in this process's scratch folder; creates nothing. */
export function scratchPath(workspace: Workspace, what: string): string {
  return join(workspace.scratch, `${what}-${randomBytes(6).toString("hex")}`);
}

/** Returns an unused path in this process's build folder; creates nothing. */
export function buildPath(workspace: Workspace, what: string): string {
  return join(workspace.build, `${what}-${randomBytes(6).toString("hex")}`);
}

/** Returns the path of a named lock for the processes that share this workspace. */
export function lockPath(workspace: Workspace, name: string): string {
  return join(workspace.locks, `${name}.lock`);
}
