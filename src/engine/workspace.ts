import { access, constants, mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { isSystemError, QuantsmithError } from "../util/errors.js";

/** The folders below `--out`, DESIGN §5. All lie on one file system, so a rename between them is atomic. */
export interface Workspace {
  root: string;
  store: string;
  tmp: string;
  runs: string;
  releases: string;
}

/** The folders' paths; nothing is created. */
export function workspaceAt(out: string): Workspace {
  const root = resolve(out);
  return {
    root,
    store: join(root, "store"),
    tmp: join(root, "tmp"),
    runs: join(root, "runs"),
    releases: join(root, "releases"),
  };
}

/** Creates the folders. Errors: QS-ENV-OUTPUT when one cannot be created or written to. */
export async function openWorkspace(out: string): Promise<Workspace> {
  const workspace = workspaceAt(out);
  for (const folder of Object.values(workspace)) {
    try {
      await mkdir(folder, { recursive: true });
      await access(folder, constants.W_OK);
    } catch (cause) {
      const reason = isSystemError(cause) ? ` (${cause.code})` : "";
      throw new QuantsmithError("QS-ENV-OUTPUT", `the output folder ${folder} cannot be written${reason}`, {
        remedy: "Give a folder you may write to with --out, or correct its permissions.",
        cause,
      });
    }
  }
  return workspace;
}
