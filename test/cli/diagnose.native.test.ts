import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { diagnose } from "../../src/cli/diagnose.js";
import { findPinnedPackage } from "../../src/llamacpp/toolchain/pinned-package.js";
import { setupTools } from "../../src/llamacpp/toolchain/tools.js";

let folder: string;
const environment = { ...process.env };

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "qs doctor-"));
  process.env.QUANTSMITH_CACHE = path.join(folder, "cache");
  for (const name of ["QUANTSMITH_LLAMA_CPP", "QUANTSMITH_PYTHON", "CXX", "HF_TOKEN", "HF_ENDPOINT"]) {
    delete process.env[name];
  }
});
afterEach(async () => {
  process.env = { ...environment };
  await rm(folder, { recursive: true, force: true });
});

describe("diagnose", () => {
  test("tools that can be built are not a problem", async () => {
    const found = await diagnose(folder);
    expect(found.problems.filter(({ code }) => code.startsWith("QS-TOOL"))).toEqual([]);
    expect(found.tools["llama-quantize"]).toEqual({
      path: null,
      version: (await findPinnedPackage()).llamaCppVersion,
      source: "pinned (built on first use)",
    });
    expect(found.memoryBytes).toBeGreaterThan(2 ** 28);
    expect(found.diskFreeBytes).toBeGreaterThan(0);
  });

  test("tools that can be built into no folder are a problem", async () => {
    const file = path.join(folder, "file");
    await writeFile(file, "");
    process.env.QUANTSMITH_CACHE = path.join(file, "deep", "cache");
    const [problem] = (await diagnose(folder)).problems;
    expect(problem).toMatchObject({ code: "QS-ENV-CACHE", remedy: expect.stringContaining("QUANTSMITH_CACHE") });
  });

  test("a proxy that cannot be used is a problem", async () => {
    process.env.HTTPS_PROXY = "socks5://127.0.0.1:1";
    const { problems, hub } = await diagnose(folder);
    expect([problems.map(({ code }) => code), hub]).toEqual([["QS-HUB-PROXY"], null]);
  });

  test("backends, and the choice of auto", async () => {
    const { compute } = await diagnose(folder);
    expect(compute.auto).toMatch(/^computes on /);
    if (process.platform !== "linux" || process.arch !== "x64") return;
    expect(compute.backends.map(({ kind }) => kind)).toEqual(["cuda", "cuda", "vulkan"]);
    for (const { loads, missing } of compute.backends) expect(loads || missing.length > 0).toBe(true);
  });

  test("the devices of a llama.cpp of others are those that it lists", async () => {
    const list = "echo 'Available devices:'; echo '  CUDA0: NVIDIA L4 (23034 MiB, 22000 MiB free)'";
    for (const name of setupTools) {
      const script = `#!/bin/sh\ncase $1 in --list-devices) ${list};; *) echo 'version: 9';; esac\n`;
      await writeFile(path.join(folder, name), script, { mode: 0o755 });
    }
    process.env.QUANTSMITH_LLAMA_CPP = folder;
    const { compute } = await diagnose(folder);
    expect(compute.backends.map(({ label, loads, devices }) => [label, loads, devices[0]?.name])).toEqual([
      ["CUDA", true, "CUDA0"],
      ["Metal", false, undefined],
      ["Vulkan", false, undefined],
    ]);
    expect(compute.backends[0]?.devices[0]).toMatchObject({ description: "NVIDIA L4", freeBytes: 22000 * 2 ** 20 });
  });

  test("all problems are reported at once, without the token", async () => {
    process.env.PATH = folder;
    process.env.HF_TOKEN = "hf_canarycanarycanary";
    process.env.HF_ENDPOINT = "http://127.0.0.1:9/";
    const found = await diagnose(folder);
    expect(found.ok).toBe(false);
    expect(found.problems.map(({ code }) => code)).toEqual(["QS-TOOL-MISSING"]);
    // Most models are converted without Python.
    expect(found.python).toEqual({ path: null, version: null, ready: false });
    expect(found.hub).toEqual({ endpoint: "http://127.0.0.1:9", token: true });
    expect(JSON.stringify(found)).not.toContain("canary");
  });

  test("a broken setting is a problem", async () => {
    process.env.QUANTSMITH_LLAMA_CPP = folder;
    process.env.QUANTSMITH_PYTHON = "/no/such/python";
    const found = await diagnose(folder);
    expect(found.problems.map(({ code }) => code)).toEqual(["QS-TOOL-SETTING", "QS-PYTHON-PACKAGES"]);
    expect(found.tools["llama-imatrix"]).toEqual({ path: null, version: null, source: "missing" });
  });

  test("invalid Hub settings are a problem, reported without the token", async () => {
    process.env.HF_TOKEN = "hf_canary canary";
    const found = await diagnose(folder);
    expect(found.problems.map(({ code }) => code)).toContain("QS-HUB-TOKEN");
    expect(found.hub).toBeNull();
    expect(JSON.stringify(found)).not.toContain("canary");
  });
});
