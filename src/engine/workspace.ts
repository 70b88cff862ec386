import { randomBytes } from "node:crypto";
import { access, constants, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { isSystemError, QuantsmithError } from "../util/errors.js";
import { makeFolder } from "../util/files.js";
import { collectScratch, keepAlive, scratchName } from "./scratch.js";

/** The folders below `--out`, DESIGN §5. All lie on one file system, so a rename between them is atomic. */
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
}

/** The folders' paths; nothing is created. */
export function workspaceAt(out: string): Workspace {
  const root = resolve(out);
  const tmp = join(root, "tmp");
  return {
    root,
    store: join(root, "store"),
    locks: join(root, "store", ".locks"),
    jobs: join(root, "store", ".jobs"),
    tmp,
    runs: join(root, "runs"),
    releases: join(root, "releases"),
    scratch: join(tmp, scratchName()),
  };
}

/**
 * Creates the folders and removes what dead processes left in `tmp`. `close` removes this process's scratch folder.
 * Errors: QS-ENV-OUTPUT when a folder cannot be created or written to.
 */
export async function openWorkspace(out: string): Promise<Workspace & { close(): Promise<void> }> {
  const workspace = workspaceAt(out);
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
  const stopBeating = keepAlive(workspace.scratch);
  await collectScratch(workspace.tmp);
  const close = async () => {
    stopBeating();
    await rm(workspace.scratch, { recursive: true, force: true });
  };
  return { ...workspace, close };
}

/** A path in this process's scratch folder that nobody else uses; nothing is created. */
export function scratchPath(workspace: Workspace, what: string): string {
  return join(workspace.scratch, `${what}-${randomBytes(6).toString("hex")}`);
}

/** Where processes that share this workspace lock something by name. */
export function lockPath(workspace: Workspace, name: string): string {
  return join(workspace.locks, `${name}.lock`);
}
