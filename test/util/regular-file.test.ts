import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readConfig } from "../../src/checkpoint/read-config.js";
import { editMetadata } from "../../src/cli/commands/edit-metadata.js";
import { findLockFile } from "../../src/plan/lock-file.js";
import { copyOrReflink, copyRegular } from "../../src/util/copy-file.js";
import { isSystemError } from "../../src/util/errors.js";
import { openRegularSync, readRegular } from "../../src/util/regular-file.js";
import { sha256File } from "../../src/util/sha256.js";
import { systemReason } from "../../src/util/system-reason.js";
import { failureOf } from "../fixtures/failure.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const folder = temporaryFolder();
const pipe = join(folder, "pipe");
execFileSync("mkfifo", [pipe]);

const reasonOf = async (path: string, maxBytes?: number) => {
  const error = await readRegular(path, maxBytes).catch((cause: unknown) => cause);
  return isSystemError(error) ? systemReason(error) : error;
};

test("only regular files are read, without waiting", async () => {
  expect(await reasonOf(folder)).toBe("it is a folder");
  expect(await reasonOf(join(folder, "missing"))).toBe("no such file or folder");
  for (const path of [pipe, "/dev/null", "/dev/zero"]) expect(await reasonOf(path)).toBe("it is not a regular file");
  writeFileSync(join(folder, "file"), "content");
  expect(await reasonOf(join(folder, "file"), 6)).toBeInstanceOf(RangeError);
  expect(await readRegular(join(folder, "file"), 7)).toEqual(Buffer.from("content"));
});

test("a pipe is neither hashed nor copied, also by the threads of conversions", async () => {
  const copy = join(folder, "copy");
  const options = { signal: new AbortController().signal, onBytes: () => {} };
  for (const work of [() => sha256File(pipe), () => copyRegular(pipe, copy), () => copyOrReflink(pipe, copy, options)])
    await expect(work()).rejects.toMatchObject({ code: "ENXIO" });
  expect(() => openRegularSync(pipe)).toThrow("ENXIO");
});

test("a pipe in place of a file of an option is an error", async () => {
  const template = await failureOf(editMetadata("m.gguf", { chatTemplate: pipe }));
  expect([template.code, template.message]).toEqual(["QS-EDIT-TEMPLATE", expect.stringContaining("regular file")]);
  expect((await failureOf(findLockFile([pipe]))).code).toBe("QS-LOCK-MISSING");
  await expect(readConfig(pipe)).rejects.toMatchObject({ code: "ENXIO" });
});
