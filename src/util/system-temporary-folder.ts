import { stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { QuantsmithError } from "./errors.js";

/** Returns the system's folder for temporary files. Errors: QS-ENV-FILE if there is no such folder. */
export async function systemTemporaryFolder(): Promise<string> {
  const folder = tmpdir();
  if ((await stat(folder).catch(() => undefined))?.isDirectory() === true) return folder;
  throw new QuantsmithError("QS-ENV-FILE", `the folder for temporary files, ${folder}, does not exist`, {
    remedy: "Set `TMPDIR` to a folder that exists, or unset it.",
    at: { file: folder },
  });
}
