import { realpathSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { cacheFolder } from "./cache-folder.js";
import { packageRoot } from "./package-root.js";
import { readOrEmpty } from "./read-or-empty.js";

/** The folders of an absolute path, also as an address; in quotes they may contain blanks. */
const quotedFolders = /(["'`])(?:file:\/\/)?\/[^"'`\n]*\//g;
const otherFolders = /(?<![\w./~-])(?:file:\/\/)?(?:\/[^\s/]+)+\//g;

/**
 * Returns a program's output without the folders of this machine, for a release: the given ones, and those of the user, this
 * process and its installation, even with spaces or quotes in their names; then those of every other absolute path.
 */
export function withoutFolders(text: string, folders: readonly string[]): string {
  const own = [
    process.cwd(),
    homedir(),
    tmpdir(),
    cacheFolder(),
    fileURLToPath(packageRoot),
    dirname(process.execPath),
  ];
  return spellings([...folders, ...own])
    .reduce((left, folder) => left.replace(folderIn(folder), ""), text)
    .replace(quotedFolders, "$1")
    .replace(otherFolders, "");
}

/** Returns the ways in which programs write folders, the longest first, since one may contain another. */
function spellings(folders: readonly string[]): string[] {
  const all = folders
    .flatMap((folder) => [folder, readOrEmpty(() => realpathSync(folder))])
    .map((folder) => folder.replace(/\/+$/, ""))
    .filter((folder) => folder !== "")
    .flatMap((folder) => {
      const { href, pathname } = pathToFileURL(folder);
      return [href, pathname, JSON.stringify(folder).slice(1, -1), folder];
    });
  return [...new Set(all)].sort((a, b) => b.length - a.length);
}

/** Matches a folder and the slash behind it, but not the beginning of a longer name. */
function folderIn(folder: string): RegExp {
  return new RegExp(`${folder.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")}(?:/|(?![\\w.-]))`, "g");
}
