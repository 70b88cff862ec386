import { realpath } from "node:fs/promises";
import { basename, resolve, sep } from "node:path";
import { QuantsmithError } from "../../util/errors.js";
import { isYamlPath } from "../corpus-schema.js";

/**
 * Throws QS-RECIPE-YAML for a path that leads to a hidden file or folder, which the user's own path `given` does not contain, or
 * through a link to a file without the extension .yaml or .yml. Errors show lines of such files, and recipes of others can name
 * them or contain links to them.
 */
export async function requireVisibleYaml(path: string, given: string, shown: string): Promise<void> {
  const real = await realpath(path).catch(() => undefined);
  if (real === undefined) return; // The error for a missing file follows.
  const known = new Set(hiddenNames(resolve(given)));
  const isHidden = hiddenNames(real).some((name) => !known.has(name));
  if (!isHidden && (basename(real) === basename(path) || isYamlPath(real))) return;
  const reason = isHidden ? "hidden, or in a hidden folder" : "another kind of file behind a link";
  throw new QuantsmithError("QS-RECIPE-YAML", `${shown} is ${reason}, so it is not read`, {
    remedy: "Copy the YAML file to a folder that is not hidden, and give that path.",
    at: { file: shown },
  });
}

/** Names like `.config` and `.netrc`; `..data` of a mounted Kubernetes volume is none. */
function hiddenNames(path: string): string[] {
  return path.split(sep).filter((name) => /^\.[^.]/.test(name));
}
