import { chmod, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { checkImports } from "../../../src/llamacpp/python/configured-python.js";
import { findPython } from "../../../src/llamacpp/python/find-python.js";
import { describePython, prepareConverterPython } from "../../../src/llamacpp/python/python-env.js";

let folder: string;
const environment = { ...process.env };

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "qs python-"));
  process.env.QUANTSMITH_CACHE = path.join(folder, "cache");
  delete process.env.QUANTSMITH_PYTHON;
});
afterEach(async () => {
  process.env = { ...environment };
  await rm(folder, { recursive: true, force: true });
});

async function script(name: string, text: string): Promise<string> {
  const file = path.join(folder, name);
  await writeFile(file, `#!/bin/sh\n${text}\n`);
  await chmod(file, 0o755);
  return file;
}

test("failing launchers, wrong versions and Pythons without venv are skipped and reported", async () => {
  await script("python3", "exit 127");
  await script("python3.13", "echo /x/python; echo 3.9.6");
  await script("python3.12", "echo /x/python; echo 3.12.1; exit 1");
  process.env.PATH = folder;
  await expect(findPython()).rejects.toMatchObject({
    code: "QS-PYTHON-MISSING",
    exitCode: 4,
    message: expect.stringMatching(
      /python3 does not start, python3.13 is 3.9.6, python3.12 \(3.12.1\) has no venv module/,
    ),
    remedy: expect.stringContaining("QUANTSMITH_PYTHON"),
  });
});

test("finds a real Python through a link on the PATH", async (context) => {
  const real = await findPython().catch(() => context.skip("needs a Python on the PATH"));
  await symlink(real.path, path.join(folder, "python3.11"));
  process.env.PATH = folder;
  expect(await findPython()).toMatchObject({ version: real.version });
  expect(await describePython()).toMatchObject({ ready: false, version: real.version });
});

test("QUANTSMITH_PYTHON without the packages is rejected, and nothing is installed", async (context) => {
  const real = await findPython().catch(() => context.skip("needs a Python on the PATH"));
  // -S hides the packages installed on this machine.
  process.env.QUANTSMITH_PYTHON = await script("bare", `exec "${real.path}" -S "$@"`);
  await expect(prepareConverterPython()).rejects.toMatchObject({
    code: "QS-PYTHON-PACKAGES",
    message: expect.stringMatching(/does not have the packages torch, transformers, numpy, sentencepiece/),
  });
  await expect(checkImports(process.env.QUANTSMITH_PYTHON)).rejects.toMatchObject({
    code: "QS-PYTHON-PACKAGES",
    output: expect.stringContaining("ModuleNotFoundError"),
  });
});

test("QUANTSMITH_PYTHON without an executable is rejected", async () => {
  process.env.QUANTSMITH_PYTHON = "no-such-python-here";
  await expect(prepareConverterPython()).rejects.toMatchObject({ code: "QS-PYTHON-PACKAGES" });
});
