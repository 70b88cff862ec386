import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const read = (name: string) =>
  JSON.parse(readFileSync(fileURLToPath(new URL(`../../${name}`, import.meta.url)), "utf8"));
const { packages } = read("package-lock.json") as {
  packages: Record<string, { version: string; integrity?: string }>;
};

/**
 * Packages of node-llama-cpp 3.22.1 whose hashes the registry of the last change did not list. The release to npm fails
 * until `node scripts/complete-lock.mjs` adds them; then this list must be empty.
 */
const withoutHash = [
  "linux-riscv64",
  "mac-arm64-metal",
  "mac-x64",
  "win-arm64",
  "win-x64",
  "win-x64-cuda",
  "win-x64-cuda-ext",
  "win-x64-vulkan",
].map((name) => `node_modules/@node-llama-cpp/${name}`);

test("every package of the lock file has an integrity hash", () => {
  const entries = Object.entries(packages).filter(([path]) => path !== "");
  const unverified = entries.filter(([, { integrity }]) => !/^sha512-[\w+/]{86}==$/.test(integrity ?? ""));
  expect(unverified.map(([path]) => path)).toEqual(withoutHash);
  for (const [path, { version }] of unverified) expect([path, version]).toEqual([path, "3.22.1"]);
});
