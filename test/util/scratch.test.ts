import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, readdirSync, utimesSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { removeDeadScratch, scratchName } from "../../src/util/scratch.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

// Test files of a worker share loaded modules; this one needs modules with the mocks below.
vi.hoisted(() => vi.resetModules());
afterAll(() => {
  vi.resetModules();
});

// A test does something in place of the wait for a heartbeat.
let meanwhile = () => {};
vi.mock("node:timers/promises", async (original) => ({
  ...(await original<typeof import("node:timers/promises")>()),
  setTimeout: async () => meanwhile(),
}));

const other = (pid: number) => scratchName("run").replace(/-\d+-\d+-/, `-${pid}-1-`);
const foreign = () => scratchName("run").replace(/^run-[0-9a-f]{8}/, "run-00000000");

test("removes folders of dead processes and keeps those of live ones", async () => {
  const tmp = temporaryFolder();
  const deadPid = Number(execFileSync(process.execPath, ["-p", "process.pid"], { encoding: "utf8" }));
  const living = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  const names = {
    mine: scratchName("run"),
    ofADeadProcess: other(deadPid),
    // A live process with another start time: the pid was reused.
    ofAReusedPid: other(living.pid ?? 0),
    ofAnotherMachineJustNow: foreign(),
    ofAnotherMachineLongAgo: foreign(),
    ofAnotherMachineAhead: foreign(),
    ofAMachineWithAnotherClock: foreign(),
    ofTheUser: "something",
  };
  for (const name of Object.values(names)) mkdirSync(join(tmp, name, "out"), { recursive: true });
  const longAgo = new Date(Date.now() - 3_600_000);
  const ahead = new Date(Date.now() + 3_600_000);
  utimesSync(join(tmp, names.ofAnotherMachineLongAgo), longAgo, longAgo);
  utimesSync(join(tmp, names.ofAMachineWithAnotherClock), longAgo, longAgo);
  utimesSync(join(tmp, names.ofAnotherMachineAhead), ahead, ahead);
  let beat = 0;
  meanwhile = () => utimesSync(join(tmp, names.ofAMachineWithAnotherClock), ++beat, beat);
  try {
    await removeDeadScratch(tmp, "run");
    expect(readdirSync(tmp).sort()).toEqual(
      [names.mine, names.ofAnotherMachineJustNow, names.ofAMachineWithAnotherClock, names.ofTheUser].sort(),
    );
  } finally {
    living.kill();
  }
});

test("does not remove the folder of a process that starts during the cleanup", async () => {
  const tmp = temporaryFolder();
  let cleaning = true;
  const cleaner = (async () => {
    while (cleaning) await removeDeadScratch(tmp, "run");
  })();
  const made: string[] = [];
  for (let round = 0; round < 150; round++) {
    const name = scratchName("run");
    made.push(name);
    await mkdir(join(tmp, name));
  }
  cleaning = false;
  await cleaner;
  expect(readdirSync(tmp).sort()).toEqual(made.sort());
});
