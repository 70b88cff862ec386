import { execFileSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { type BackendLibrary, findBackendLibraries } from "../../../src/llamacpp/compute/backend-libraries.js";
import { readNeeded } from "../../../src/llamacpp/compute/elf-needed.js";
import { listBackends, loadBackend, readCapabilities } from "../../../src/llamacpp/compute/list-backends.js";
import { pinnedGgmlLibrary } from "../../../src/llamacpp/toolchain/ggml-library.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";
import { firstVulkanDevice } from "../../fixtures/vulkan.js";

const vulkan = await firstVulkanDevice();
const isLinuxX64 = process.platform === "linux" && process.arch === "x64";
const folder = temporaryFolder();
const compile = (source: string, name: string, ...args: string[]) => {
  writeFileSync(path.join(folder, "source.cpp"), source);
  execFileSync("g++", ["-shared", "-fPIC", "source.cpp", "-o", name, ...args], { cwd: folder });
  return path.join(folder, name);
};

async function backendOf(library: string | null): Promise<BackendLibrary> {
  const base = await pinnedGgmlLibrary();
  return { kind: "vulkan", label: "Fake", package: "fake", library, base, isBuiltIn: false, minCapability: null };
}

describe.runIf(isLinuxX64)("the npm packages", () => {
  test("each backend loads, or the libraries that it lacks are named with their packages", async () => {
    const found = await listBackends();
    expect(found.map(({ label }) => label)).toEqual(["CUDA 13", "CUDA 12 for older cards", "Vulkan"]);
    for (const { installed, loads, missing, problem } of found) {
      expect(installed).toBe(true);
      if (loads) continue;
      expect(problem).toBeNull();
      expect(missing).not.toEqual([]);
      for (const each of missing) {
        expect(each.name).toMatch(/^lib(?:cuda|cudart|cublas|cublasLt|vulkan)\.so\.\d+$/);
        expect(each.package).not.toBeNull();
      }
    }
  });

  test("the required libraries of the CUDA build", async () => {
    const [cuda] = await findBackendLibraries();
    const needed = await readNeeded(cuda?.library ?? "");
    expect(needed).toEqual(expect.arrayContaining(["libcudart.so.13", "libcublas.so.13", "libcuda.so.1", "libc.so.6"]));
    expect(needed[0]).toBe("libggml-base.so");
  });

  test("a file that is no ELF library requires none", async () => {
    writeFileSync(path.join(folder, "text.so"), "not a library");
    expect(await readNeeded(path.join(folder, "text.so"))).toEqual([]);
  });
});

describe.runIf(isLinuxX64)("libraries that do not load", () => {
  test("an absent package", async () => {
    const found = await loadBackend(await backendOf(null));
    expect([found.installed, found.problem]).toEqual([false, "the npm package fake is not installed"]);
  });

  test("all absent libraries are named, also one that a present library requires", async () => {
    const without = (name: string) => rmSync(path.join(folder, name));
    for (const name of ["deep", "first"]) compile(`int ${name};`, `lib${name}.so`, `-Wl,-soname,lib${name}.so.3`);
    compile("int second;", "libsecond.so", "-L.", "-Wl,--no-as-needed", "-ldeep");
    const links = ["-L.", "-Wl,--no-as-needed,--allow-shlib-undefined,-rpath,$ORIGIN", "-lsecond", "-lfirst"];
    const library = compile("int nothing;", "libggml-lacking.so", ...links);
    for (const name of ["libdeep.so", "libfirst.so"]) without(name);
    const found = await loadBackend(await backendOf(library));
    expect(found.missing.map(({ name }) => name).sort()).toEqual(["libdeep.so.3", "libfirst.so.3"]);
    expect([found.loads, found.problem]).toEqual([false, null]);
  });

  test("a driver that crashes", async () => {
    const crash = "#include <csignal>\n__attribute__((constructor)) void begin() { std::raise(SIGSEGV); }";
    const found = await loadBackend(await backendOf(compile(crash, "libggml-crash.so")));
    expect([found.loads, found.problem]).toEqual([false, expect.stringContaining("its driver crashed (SIGSEGV)")]);
  });

  test("a driver that hangs", async () => {
    const hang = "#include <unistd.h>\n__attribute__((constructor)) void begin() { for (;;) pause(); }";
    const found = await loadBackend(await backendOf(compile(hang, "libggml-hang.so")), undefined, 1000);
    expect([found.loads, found.problem]).toEqual([false, "its driver did not answer within 1 s"]);
  });

  test("a library of another kind", async () => {
    const found = await loadBackend(await backendOf(compile("int nothing;", "libggml-other.so")));
    expect([found.loads, found.problem]).toEqual([false, expect.stringContaining("ended with code 1")]);
  });
});

test("compute capabilities, as ggml-cuda prints them", () => {
  const text = [
    "ggml_cuda_init: found 2 CUDA devices (Total VRAM: 40000 MiB):",
    "  Device 0: NVIDIA H200, compute capability 9.0, VMM: yes, VRAM: 143000 MiB",
    "  Device 1: Tesla P40, compute capability 6.1, VMM: yes, VRAM: 24000 MiB",
  ].join("\n");
  expect([...readCapabilities(text)]).toEqual([
    [0, 9],
    [1, 6.1],
  ]);
});

test.skipIf("skipped" in vulkan)("a Vulkan device has its memory and driver", () => {
  if ("skipped" in vulkan) return;
  const [device] = vulkan.devices;
  expect(device).toMatchObject({
    backend: "vulkan",
    name: "Vulkan0",
    isSoftware: /llvmpipe/.test(device?.description ?? ""),
  });
  expect(device?.totalBytes).toBeGreaterThan(2 ** 28);
  expect(vulkan.driver).not.toBeNull();
});
