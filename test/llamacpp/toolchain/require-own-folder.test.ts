import { chmodSync, mkdirSync } from "node:fs";
import type { stat } from "node:fs/promises";
import path from "node:path";
import { afterAll, afterEach, beforeEach, expect, test, vi } from "vitest";
import { requireOwnFolder } from "../../../src/llamacpp/toolchain/require-own-folder.js";
import { describeToolchain } from "../../../src/llamacpp/toolchain/toolchain.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

// Test files of a worker share loaded modules; this one needs modules with the mocks below.
vi.hoisted(() => vi.resetModules());
afterAll(() => {
  vi.resetModules();
});

// Folders of another user; only root can create them.
const foreign = vi.hoisted(() => new Set<string>());
vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof import("node:fs/promises")>();
  return {
    ...real,
    stat: async (...args: Parameters<typeof stat>) =>
      Object.assign(await real.stat(...args), foreign.has(String(args[0])) ? { uid: 4711 } : {}),
  };
});

let cache = "";
let bin = "";

beforeEach(() => {
  cache = path.join(temporaryFolder(), "cache");
  bin = path.join(cache, "llama.cpp", "v1", "bin");
  mkdirSync(bin, { recursive: true, mode: 0o755 });
  vi.stubEnv("QUANTSMITH_CACHE", cache);
});
afterEach(() => {
  vi.unstubAllEnvs();
  foreign.clear();
});

test("folders of this user and of root, which others cannot write, are used", async () => {
  await expect(requireOwnFolder(bin)).resolves.toBeUndefined();
  await expect(requireOwnFolder(path.join(cache, "missing", "bin"))).resolves.toBeUndefined();
  chmodSync(cache, 0o1777);
  chmodSync(bin, 0o775);
  await expect(requireOwnFolder(bin)).resolves.toBeUndefined();
});

test.each([0, 1, 3])("the folder %i levels below the cache folder is another user's, or open to all", async (depth) => {
  const folder = path.join(cache, ...["llama.cpp", "v1", "bin"].slice(0, depth));
  const error = { code: "QS-CACHE-OWNER", message: expect.stringContaining(folder) };
  chmodSync(folder, 0o777);
  await expect(requireOwnFolder(bin)).rejects.toMatchObject(error);
  chmodSync(folder, 0o755);
  foreign.add(folder);
  await expect(requireOwnFolder(bin)).rejects.toMatchObject(error);
});

test("tools in a cache folder of another user are not used", async () => {
  foreign.add(cache);
  await expect(describeToolchain()).rejects.toMatchObject({ code: "QS-CACHE-OWNER" });
});
