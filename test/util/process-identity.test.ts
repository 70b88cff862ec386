import { afterAll, expect, test, vi } from "vitest";

// Test files of a worker share loaded modules; this one needs modules with the mock below.
vi.hoisted(() => vi.resetModules());
afterAll(() => {
  vi.resetModules();
});

const links = new Map<string, string>();
vi.mock("node:fs", async (original) => {
  const files = await original<typeof import("node:fs")>();
  return { ...files, readlinkSync: (path: string) => links.get(path) ?? files.readlinkSync(path) };
});

/** The module as a process with other namespaces loads it. */
async function loaded() {
  vi.resetModules();
  return import("../../src/util/process-identity.js");
}

test.each(["pid", "time"])("whether a process of another %s namespace runs is unknown", async (kind) => {
  const name = (await loaded()).processName();
  expect((await loaded()).isProcessAlive(name)).toBe(true);
  links.set(`/proc/self/ns/${kind}`, `${kind}:[1]`);
  expect((await loaded()).isProcessAlive(name)).toBeUndefined();
  links.clear();
});
