import { linkSync, statSync, unlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { localFile, requireUnchanged } from "../../../src/hub/upload/local-file.js";
import { failureOf } from "../../fixtures/failure.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

const path = join(temporaryFolder(), "model.gguf");

test("a file that was edited during an upload and whose time was set back", async () => {
  writeFileSync(path, "weights");
  const file = await localFile("model.gguf", path);
  await requireUnchanged(file);
  const { atime, mtime, ctimeNs } = statSync(path, { bigint: true });
  do {
    writeFileSync(path, "Weights");
    utimesSync(path, atime, mtime);
    // A coarse clock of the file system.
  } while (statSync(path, { bigint: true }).ctimeNs === ctimeNs);
  expect((await failureOf(requireUnchanged(file))).code).toBe("QS-INPUT-CHANGED");
});

test("a step that links the file and removes its link changes nothing", async () => {
  writeFileSync(path, "weights");
  const file = await localFile("model.gguf", path);
  linkSync(path, `${path}.link`);
  unlinkSync(`${path}.link`);
  await requireUnchanged(file);
});
