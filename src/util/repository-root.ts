import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/** Returns the root of the git repository that contains a folder, or the folder itself outside of repositories. */
export function repositoryRoot(folder: string): string {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, ".git"))) return at;
    if (dirname(at) === at) return folder;
  }
}
