import { mkdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { openWorkspace } from "../../src/engine/workspace.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const modeOf = (path: string) => statSync(path).mode & 0o777;

test("only this user can read the folders in which steps are built; others have the usual permissions", async () => {
  const home = temporaryFolder();
  mkdirSync(join(home, "usual"));
  const workspace = await openWorkspace(join(home, "out"), join(home, "disk", "scratch"));
  const { scratch, build, root, store, tmp, releases } = workspace;
  expect([scratch, build].map(modeOf)).toEqual([0o700, 0o700]);
  const usual = modeOf(join(home, "usual"));
  const others = [root, store, tmp, releases, dirname(build), dirname(dirname(build))];
  expect(others.map(modeOf)).toEqual(others.map(() => usual));
  await workspace.close();
});
