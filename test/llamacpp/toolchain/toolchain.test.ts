import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { findPinnedPackage } from "../../../src/llamacpp/toolchain/pinned-package.js";
import { describeToolchain, resolveToolchain } from "../../../src/llamacpp/toolchain/toolchain.js";
import { toolNames } from "../../../src/llamacpp/toolchain/tools.js";
import { cacheFolder } from "../../../src/util/cache-folder.js";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "qs tööls-"));
  vi.stubEnv("QUANTSMITH_CACHE", path.join(folder, "cache"));
  vi.stubEnv("QUANTSMITH_LLAMA_CPP", undefined);
  vi.stubEnv("QUANTSMITH_PYTHON", undefined);
  vi.stubEnv("CXX", undefined);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

/** Writes fake tools that print a version. */
async function makeTools(place: string, names: readonly string[] = toolNames): Promise<string> {
  const target = path.join(folder, place);
  await mkdir(target, { recursive: true });
  for (const name of names) {
    const file = path.join(target, name);
    await writeFile(file, "#!/bin/sh\necho 'version: 9.9.9-test (build 7)' >&2\n");
    await chmod(file, 0o755);
  }
  return target;
}

describe("QUANTSMITH_LLAMA_CPP", () => {
  test.each(["llama", "llama/bin", "llama/build/bin"])(
    "uses the tools in %s with the versions that they print",
    async (place) => {
      const target = await makeTools(place);
      vi.stubEnv("QUANTSMITH_LLAMA_CPP", path.join(folder, "llama"));
      const toolchain = await resolveToolchain();
      expect(toolchain).toMatchObject({ source: "setting", version: "9.9.9-test (build 7)", scripts: undefined });
      expect(toolchain.tools["llama-imatrix"].path).toBe(path.join(target, "llama-imatrix"));
    },
  );

  test("a changed executable or library beside it changes the digest", async () => {
    const target = await makeTools("llama");
    vi.stubEnv("QUANTSMITH_LLAMA_CPP", target);
    const before = (await resolveToolchain()).digest;
    expect((await resolveToolchain()).digest).toBe(before);
    await writeFile(path.join(target, "libllama.so"), "new code");
    const withLibrary = (await resolveToolchain()).digest;
    expect(withLibrary).not.toBe(before);
    await writeFile(path.join(target, "llama-imatrix"), "#!/bin/sh\necho 'version: 9.9.9-test (build 7)'\n");
    expect((await resolveToolchain()).digest).not.toBe(withLibrary);
  });

  test("many libraries cause no warning of Node", async () => {
    const target = await makeTools("llama");
    for (let index = 0; index < 12; index++) await writeFile(path.join(target, `libggml-${index}.so`), "code");
    vi.stubEnv("QUANTSMITH_LLAMA_CPP", target);
    const warnings: string[] = [];
    const onWarning = ({ name }: Error) => warnings.push(name);
    process.on("warning", onWarning);
    await resolveToolchain({ signal: new AbortController().signal });
    await nextTurn();
    process.off("warning", onWarning);
    expect(warnings).toEqual([]);
  });

  test("the error for a missing tool contains its name", async () => {
    vi.stubEnv("QUANTSMITH_LLAMA_CPP", await makeTools("llama", ["llama-quantize", "llama-imatrix"]));
    await expect(resolveToolchain()).rejects.toMatchObject({
      code: "QS-TOOL-SETTING",
      message: expect.stringContaining("llama-perplexity"),
    });
  });

  test("a tool that does not run is a broken tool", async () => {
    const target = await makeTools("llama");
    await writeFile(path.join(target, "llama-imatrix"), "#!/bin/sh\nexit 3\n");
    vi.stubEnv("QUANTSMITH_LLAMA_CPP", target);
    await expect(resolveToolchain()).rejects.toMatchObject({ code: "QS-TOOL-BROKEN" });
  });

  test("a source folder provides its converter", async () => {
    await makeTools("llama/build/bin");
    const converter = path.join(folder, "llama", "convert_hf_to_gguf.py");
    await writeFile(converter, "");
    vi.stubEnv("QUANTSMITH_LLAMA_CPP", path.join(folder, "llama"));
    expect((await resolveToolchain()).scripts).toEqual({ converter });
  });
});

describe("without a setting", () => {
  test("the pinned tools are buildable with a compiler and git, and have a digest before the build", async () => {
    const status = await describeToolchain();
    const { llamaCppVersion: version, packageVersion } = await findPinnedPackage();
    const digest = expect.stringContaining(`${version}-${packageVersion}-`);
    expect(status).toMatchObject({ state: "buildable", version, digest });
    await expect(readdir(path.join(folder, "cache"))).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("without a compiler, tools on the PATH are used", async () => {
    vi.stubEnv("PATH", await makeTools("on path"));
    expect(await resolveToolchain()).toMatchObject({ source: "path", version: "9.9.9-test (build 7)" });
  });

  test("without any tools, the error contains the missing programs", async () => {
    vi.stubEnv("PATH", folder);
    await expect(resolveToolchain()).rejects.toMatchObject({
      code: "QS-TOOL-MISSING",
      message: expect.stringMatching(/a C\+\+ compiler and git/),
      exitCode: 4,
    });
    vi.stubEnv("CXX", "no-such-compiler");
    await expect(resolveToolchain()).rejects.toMatchObject({ message: expect.stringContaining("no-such-compiler") });
  });

  test("the error of a failed compiler contains its last lines, and no files remain", async () => {
    const compiler = path.join(folder, "false compiler");
    await writeFile(compiler, "#!/bin/sh\necho 'fatal error: no such header' >&2\nexit 1\n");
    await chmod(compiler, 0o755);
    vi.stubEnv("CXX", compiler);
    await expect(resolveToolchain()).rejects.toMatchObject({
      code: "QS-TOOL-BUILD",
      output: expect.stringContaining("no such header"),
    });
    expect(await readdir(path.join(folder, "cache", "llama.cpp"))).toEqual([]);
  });

  test.each(["git", "c++"])("another program of the name %s is an error with its path", async (name) => {
    const file = path.join(folder, name);
    await writeFile(file, "#!/bin/sh\nexit 0\n");
    await chmod(file, 0o755);
    process.env.PATH = `${folder}:${process.env.PATH}`;
    await expect(resolveToolchain()).rejects.toMatchObject({
      code: "QS-TOOL-BUILD",
      message: expect.stringContaining(`${file} succeeded without writing`),
      remedy: expect.stringContaining("PATH"),
    });
    expect(await readdir(path.join(folder, "cache", "llama.cpp"))).toEqual([]);
  });
});

test("the cache folder is that of the user's settings, else that of the system", () => {
  expect(cacheFolder({ QUANTSMITH_CACHE: "/q", XDG_CACHE_HOME: "/x" }, "linux")).toBe("/q");
  expect(cacheFolder({ XDG_CACHE_HOME: "/x" }, "linux")).toBe("/x/quantsmith");
  expect(cacheFolder({ XDG_CACHE_HOME: "relative" }, "linux")).toMatch(/\/\.cache\/quantsmith$/);
  expect(cacheFolder({}, "darwin")).toMatch(/\/Library\/Caches\/quantsmith$/);
});
