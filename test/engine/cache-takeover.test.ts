import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { waitForRemoval, whileIdle } from "../../src/engine/cache.js";
import { openWorkspace } from "../../src/engine/workspace.js";
import { failureOf } from "../fixtures/failure.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

// Test files of a worker share loaded modules; this one needs modules with the mocks below.
vi.hoisted(() => vi.resetModules());
afterAll(() => {
  vi.resetModules();
});

// No heartbeat comes in time.
vi.mock("node:timers/promises", async (original) => {
  const real = await original<typeof import("node:timers/promises")>();
  const setTimeout: typeof real.setTimeout = (_ms, value, options) => real.setTimeout(1, value, options);
  return { ...real, setTimeout };
});

// The machine on which this process seems to run.
let machine: string | undefined;
vi.mock("../../src/util/process-identity.js", async (original) => {
  const real = await original<typeof import("../../src/util/process-identity.js")>();
  const processName = () => real.processName().replace(/^[0-9a-f]{8}/, (own) => machine ?? own);
  return { ...real, processName };
});

test("a removal that is suspended while a run starts on another machine removes nothing more", async () => {
  const workspace = await openWorkspace(join(temporaryFolder(), "out"));
  machine = "00000000";
  const removal = whileIdle(workspace, {}, async (requireHeld) => {
    requireHeld();
    machine = undefined;
    await waitForRemoval(workspace, {});
    requireHeld();
  });
  expect((await failureOf(removal)).code).toBe("QS-CACHE-BUSY");
  await workspace.close();
});
