import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { Store } from "../../src/engine/store.js";
import { openWorkspace } from "../../src/engine/workspace.js";
import { canMount } from "../fixtures/can-mount.js";
import { failureOf } from "../fixtures/failure.js";
import { storedRelease } from "../fixtures/stored-release.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

test.runIf(canMount).each([
  ["at a step's folder", "."],
  ["in a step's folder", "snapshot"],
])("nothing behind a mount point %s is removed", async (what, at) => {
  const home = temporaryFolder();
  const workspace = await openWorkspace(join(home, "out"));
  const { folder, record } = await storedRelease(workspace, { "snapshot/model.gguf": what });
  const mine = join(home, "mine");
  mkdirSync(dirname(mine), { recursive: true });
  cpSync(join(folder, at), mine, { recursive: true, preserveTimestamps: true });
  execFileSync("mount", ["--bind", mine, join(folder, at)]);
  try {
    const store = new Store(workspace);
    expect(await store.drop(record, "snapshot/model.gguf")).toBe(record);
    expect(await failureOf(store.remove("package", record.key))).toMatchObject({ code: "QS-ENV-OUTPUT" });
    expect(readFileSync(join(folder, "snapshot/model.gguf"), "utf8")).toBe(what);
  } finally {
    execFileSync("umount", [join(folder, at)]);
    await workspace.close();
  }
});

test.runIf(canMount)("a store that is a mount point, also of the same disk, is an error", async () => {
  const out = join(temporaryFolder(), "out");
  const store = join(out, "store");
  mkdirSync(store, { recursive: true });
  execFileSync("mount", ["--bind", store, store]);
  try {
    expect((await failureOf(openWorkspace(out))).code).toBe("QS-ENV-OUTPUT");
  } finally {
    execFileSync("umount", [store]);
  }
});
