import { randomBytes } from "node:crypto";
import { access, constants, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { isSystemError, QuantsmithError } from "../util/errors.js";
import { makeFolder } from "../util/files.js";
import { removeDeadScratch, scratchName, startHeartbeat } from "./scratch.js";

/** The folders below `--out`. All are on one file system, so a rename between them is atomic. */
export interface Workspace {
  root: string;
  store: string;
  locks: string;
  /** Descriptions of steps for workers, and what those say. */
  jobs: string;
  tmp: string;
  runs: string;
  releases: string;
  /** This process's own folder in `tmp`. */
  scratch: string;
  /** Where steps are built: `scratch`, or a folder on another disk where this one takes files as streams only. */
  build: string;
}

/** The folders' paths; nothing is created. Steps are built below `buildFolder`, where one is given. */
export function workspaceAt(out: string, buildFolder?: string): Workspace {
  const root = resolve(out);
  const tmp = join(root, "tmp");
  const name = scratchName();
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
 * Creates the folders and removes what dead processes left in `tmp`. `close` removes this process's own folders.
 * Errors: QS-ENV-OUTPUT when a folder cannot be created or written to.
 */
export async function openWorkspace(
  out: string,
  buildFolder?: string,
): Promise<Workspace & { close(): Promise<void> }> {
  const workspace = workspaceAt(out, buildFolder);
  for (const folder of Object.values(workspace)) {
    try {
      await makeFolder(folder);
      await access(folder, constants.W_OK);
    } catch (cause) {
      const reason = isSystemError(cause) ? ` (${cause.code})` : "";
      throw new QuantsmithError("QS-ENV-OUTPUT", `the output folder ${folder} cannot be written${reason}`, {
        remedy: "Give a folder you may write to with --out, or correct its permissions.",
        cause,
      });
    }
  }
  const stopHeartbeat = startHeartbeat(workspace.scratch);
  await removeDeadScratch(workspace.tmp);
  const close = async () => {
    stopHeartbeat();
    for (const own of [workspace.scratch, workspace.build]) await rm(own, { recursive: true, force: true });
  };
  return { ...workspace, close };
}

/** A path in this process's scratch folder that nobody else uses; nothing is created. */
export function scratchPath(workspace: Workspace, what: string): string {
  return join(workspace.scratch, `${what}-${randomBytes(6).toString("hex")}`);
}

/** The same where steps are built. */
export function buildPath(workspace: Workspace, what: string): string {
  return join(workspace.build, `${what}-${randomBytes(6).toString("hex")}`);
}

/** Where processes that share this workspace lock something by name. */
export function lockPath(workspace: Workspace, name: string): string {
  return join(workspace.locks, `${name}.lock`);
}
