import { copyFileSync, linkSync, statSync, unlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { expect, test } from "vitest";
import { filePart, localFile, readUnchanged, requireUnchanged } from "../../../src/hub/upload/local-file.js";
import { failureOf } from "../../fixtures/failure.js";
import { replacements } from "../../fixtures/replacements.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

const path = join(temporaryFolder(), "model.gguf");

/** Writes a file and sets its times back. */
function writeQuietly(content: string): void {
  const { atime, mtime, ctimeNs } = statSync(path, { bigint: true });
  do {
    writeFileSync(path, content);
    utimesSync(path, atime, mtime);
    // A coarse clock of the file system.
  } while (statSync(path, { bigint: true }).ctimeNs === ctimeNs);
}

test("a file that was edited during an upload and whose time was set back", async () => {
  writeFileSync(path, "weights");
  const file = await localFile("model.gguf", path);
  await requireUnchanged(file);
  expect(await readUnchanged(file)).toEqual(Buffer.from("weights"));
  writeQuietly("Weights");
  for (const check of [requireUnchanged(file), readUnchanged(file)])
    expect((await failureOf(check)).code).toBe("QS-INPUT-CHANGED");
});

test.each(replacements)("a file that is %s during an upload", async (what, replace) => {
  const source = join(temporaryFolder(), "model.gguf");
  writeFileSync(source, "weights");
  const file = await localFile("model.gguf", source);
  replace(source);
  for (const check of [requireUnchanged(file), readUnchanged(file)])
    expect((await failureOf(check)).code).toBe("QS-INPUT-CHANGED");
  const sent = (filePart(file, 0, 7).open() as Readable).toArray();
  await expect(sent).rejects.toMatchObject({ code: codes[what] ?? "ENXIO" });
});

const codes: Record<string, string> = { removed: "ENOENT", "a folder": "EISDIR" };

test("a file that was exchanged only while it was copied", async () => {
  writeFileSync(path, "weights");
  const file = await localFile("model.gguf", path);
  writeQuietly("Weights");
  copyFileSync(path, `${path}.copy`);
  writeQuietly("weights");
  expect((await failureOf(requireUnchanged(file, `${path}.copy`))).code).toBe("QS-INPUT-CHANGED");
});

test("a step that links the file and removes its link changes nothing", async () => {
  writeFileSync(path, "weights");
  const file = await localFile("model.gguf", path);
  linkSync(path, `${path}.link`);
  unlinkSync(`${path}.link`);
  await requireUnchanged(file);
});
