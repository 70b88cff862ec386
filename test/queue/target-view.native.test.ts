import { execFileSync } from "node:child_process";
import { linkSync, lstatSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openedSizes, stillOpens } from "../../src/queue/target-view.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

/** Mounts a view of a folder in which links are the files that they lead to. Returns false where that is not possible. */
function mountView(folder: string, view: string): boolean {
  try {
    execFileSync("bindfs", ["--resolve-symlinks", folder, view], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

const canMountView = (() => {
  const [folder, view] = [temporaryFolder(), temporaryFolder()];
  if (!mountView(folder, view)) return false;
  execFileSync("umount", [view]);
  return true;
})();

test.runIf(canMountView)(
  "links to a release that is renamed cannot be opened at a mount that resolves them",
  async () => {
    const home = temporaryFolder();
    const [release, folder, view] = [join(home, "release"), join(home, "folder"), join(home, "view")];
    for (const path of [release, folder, view]) mkdirSync(path);
    writeFileSync(join(release, "model"), "weights");
    symlinkSync(join(release, "model"), join(folder, "linked"));
    linkSync(join(release, "model"), join(folder, "own"));
    expect(mountView(folder, view)).toBe(true);
    try {
      expect(lstatSync(join(view, "linked")).isFile()).toBe(true);
      const sizes = await openedSizes(view);
      expect(sizes).toEqual(
        new Map([
          ["linked", 7],
          ["own", 7],
        ]),
      );
      expect(await stillOpens(view, sizes)).toBe(true);
      renameSync(release, join(home, "aside"));
      expect(await stillOpens(view, sizes)).toBe(false);
      expect(await stillOpens(view, new Map([["own", 7]]))).toBe(true);
      renameSync(join(home, "aside"), release);
      expect(await stillOpens(view, sizes)).toBe(true);
    } finally {
      execFileSync("umount", [view]);
    }
  },
);
