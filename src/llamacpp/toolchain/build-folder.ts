import { randomBytes } from "node:crypto";
import { copyFile, mkdir, readdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { syncFolder } from "../../util/files.js";
import type { BuildPrograms } from "./build-programs.js";
import type { PinnedPackage } from "./pinned-package.js";

export interface BuildOptions {
  pinned: PinnedPackage;
  programs: BuildPrograms;
  /** The final folder, created by a rename. The caller must hold the lock of its parent. */
  target: string;
  signal: AbortSignal;
  onProgress?: (note: string) => void;
}

/** Written last: a folder without it is incomplete. */
export const recordName = "toolchain.json";

const temporaryPrefix = ".building-";
const temporaryName = /^\.building-[0-9a-f]{32}$/;

/** Fills a temporary folder and renames it to `target`, which it replaces. Throws the errors of `fill`. */
export async function buildFolder(target: string, fill: (folder: string) => Promise<void>): Promise<void> {
  const parent = path.dirname(target);
  await removeLeftovers(parent);
  const temporary = path.join(parent, `${temporaryPrefix}${randomBytes(16).toString("hex")}`);
  try {
    await mkdir(temporary, { mode: 0o755 });
    await fill(temporary);
    // An existing target has no valid record, or it would have been used.
    await rm(target, { recursive: true, force: true });
    await rename(temporary, target);
    await syncFolder(parent);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** Copies the pinned libraries to a new folder, in which the tools are built: ggml finds its backends beside a tool. */
export async function copyLibraries({ libraries }: PinnedPackage, bin: string): Promise<void> {
  await mkdir(bin, { mode: 0o755 });
  for (const name of await readdir(libraries)) {
    if (!/\.(node|json)$/.test(name)) await copyFile(path.join(libraries, name), path.join(bin, name));
  }
}

/** Deletes the folders of killed builds, if it can. The lock excludes a live one. */
async function removeLeftovers(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!temporaryName.test(name)) continue;
    await rm(path.join(parent, name), { recursive: true, force: true }).catch(() => undefined);
  }
}
