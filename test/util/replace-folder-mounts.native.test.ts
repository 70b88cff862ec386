import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { replaceFolder, withFolderLock } from "../../src/util/replace-folder.js";
import { canMount } from "../fixtures/can-mount.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

test.runIf(canMount)(
  "a replaced folder with a mount point stays under another name, with what is behind that",
  async () => {
    const home = temporaryFolder();
    const [mine, path] = [join(home, "mine"), join(home, "release")];
    const mounted = (folder: string) => join(folder, "mounted");
    mkdirSync(mine);
    writeFileSync(join(mine, "notes"), "mine");
    mkdirSync(mounted(path), { recursive: true });
    execFileSync("mount", ["--bind", mine, mounted(path)]);
    try {
      const build = async (next: string) => {
        writeFileSync(join(next, "model"), "new");
        return [{ path: "model", bytes: 3 }];
      };
      const keep = async () => undefined;
      const replaced = await withFolderLock(path, {}, (folder) => replaceFolder(folder, build, keep));
      expect(replaced).toBe(`${path}.replaced-1`);
      expect(readFileSync(join(mine, "notes"), "utf8")).toBe("mine");
      expect(readFileSync(join(path, "model"), "utf8")).toBe("new");
    } finally {
      const moved = `${path}.replaced-1`;
      execFileSync("umount", [mounted(existsSync(moved) ? moved : path)]);
    }
  },
);
