import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

/**
 * Returns the root of the git repository that contains a folder, or the folder itself outside of repositories. A repository at
 * the home folder, as of settings, or above it does not count: not everything there belongs together.
 */
export function repositoryRoot(folder: string): string {
  const home = homedir();
  for (let at = folder; !containsHome(at, home); at = dirname(at)) {
    if (existsSync(join(at, ".git"))) return at;
  }
  return folder;
}

function containsHome(folder: string, home: string): boolean {
  return dirname(folder) === folder || home === folder || home.startsWith(`${folder}/`);
}
