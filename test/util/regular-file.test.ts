import { execFileSync } from "node:child_process";
import { closeSync, constants, existsSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, test, vi } from "vitest";
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

// Test files of a worker share loaded modules; this one needs modules with the mock below.
vi.hoisted(() => vi.resetModules());
afterAll(() => {
  vi.resetModules();
});

// What another program does directly before a copy.
let meanwhile = () => {};
vi.mock("node:fs/promises", async (original) => {
  const files = await original<typeof import("node:fs/promises")>();
  const copyFile: typeof files.copyFile = (...args) => {
    meanwhile();
    return files.copyFile(...args);
  };
  return { ...files, copyFile };
});

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

test.runIf(existsSync("/proc/self/fd"))(
  "a pipe that takes the name of a file during its copy is not waited for",
  async () => {
    const file = join(folder, "source");
    writeFileSync(file, "content");
    meanwhile = () => {
      execFileSync("mkfifo", [`${file}.pipe`]);
      renameSync(`${file}.pipe`, file);
    };
    const copy = copyRegular(file, join(folder, "copied"), constants.COPYFILE_FICLONE).then(() => "copied");
    try {
      expect(await Promise.race([copy, sleep(2000, "waits")])).toBe("copied");
    } finally {
      meanwhile = () => {};
      // Ends the wait.
      closeSync(openSync(file, constants.O_RDWR));
      await copy.catch(() => undefined);
    }
    expect(readFileSync(join(folder, "copied"), "utf8")).toBe("content");
  },
);

test("an error of a copy names the file", async () => {
  const file = join(folder, "named");
  writeFileSync(file, "");
  await expect(copyRegular(file, join(folder, "missing", "copy"))).rejects.toMatchObject({
    code: "ENOENT",
    path: file,
  });
});

test("a pipe in place of a file of an option is an error", async () => {
  const template = await failureOf(editMetadata("m.gguf", { chatTemplate: pipe }));
  expect([template.code, template.message]).toEqual(["QS-EDIT-TEMPLATE", expect.stringContaining("regular file")]);
  expect((await failureOf(findLockFile([{ path: pipe, folder: dirname(pipe) }]))).code).toBe("QS-LOCK-MISSING");
  await expect(readConfig(pipe)).rejects.toMatchObject({ code: "ENXIO" });
});
