import { mkdirSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { allowedCores } from "../../src/engine/scheduler.js";
import { isProcessAlive, processName } from "../../src/util/process-identity.js";
import { activeScratch, scratchName } from "../../src/util/scratch.js";
import { runSubprocess } from "../../src/util/subprocess.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

// Test files of a worker share loaded modules; this one needs modules with the mocks below.
vi.hoisted(() => vi.resetModules());
afterAll(() => {
  vi.resetModules();
});

/* A Linux without /proc, as in a sandbox or a chroot. */
const { withoutProc } = vi.hoisted(() => ({
  withoutProc<T extends object>(real: T, names: readonly (keyof T)[]): T {
    const missing = (path: unknown) => Object.assign(new Error(`ENOENT: ${path}`), { code: "ENOENT" });
    const wrap = (name: keyof T) =>
      ((path: unknown, ...rest: unknown[]) => {
        if (String(path).startsWith("/proc")) throw missing(path);
        return (real[name] as (...args: unknown[]) => unknown)(path, ...rest);
      }) as T[keyof T];
    return { ...real, ...Object.fromEntries(names.map((name) => [name, wrap(name)])) };
  },
}));
vi.mock("node:fs", async (original) =>
  withoutProc(await original<typeof import("node:fs")>(), ["readFileSync", "readlinkSync"]),
);
vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof import("node:fs/promises")>();
  return { ...real, access: async (path: string) => withoutProc(real, ["access"]).access(path) };
});
vi.mock("node:os", async (original) => {
  const real = await original<typeof import("node:os")>();
  // Restricted to one core, as by taskset.
  return { ...real, availableParallelism: () => 1, cpus: () => [...real.cpus(), ...real.cpus()] };
});

test.runIf(process.platform === "linux")(
  "no tool starts: neither would it find its libraries, nor could its memory be limited",
  async () => {
    const tool = runSubprocess({ file: process.execPath, args: ["-v"], cwd: "/" });
    await expect(tool).rejects.toMatchObject({ code: "QS-ENV-PROC" });
  },
);

test("a process has a name, with which others find its temporary folder in use", async () => {
  expect(isProcessAlive(processName())).toBe(true);
  expect(isProcessAlive(processName().replace(/-\d+-/, "-999999999-"))).toBe(false);
  const tmp = temporaryFolder();
  const name = scratchName("run");
  mkdirSync(join(tmp, name));
  expect(await activeScratch(tmp)).toEqual([name]);
});

test("a restriction to some cores is unknown", () => {
  expect(availableParallelism()).toBeLessThan(cpus().length);
  expect(allowedCores()).toBe("");
});
