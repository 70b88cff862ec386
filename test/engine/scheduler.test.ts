import { execFileSync } from "node:child_process";
import { cpus } from "node:os";
import { expect, test } from "vitest";
import { allowedCores, Scheduler } from "../../src/engine/scheduler.js";
import { workspaceAt } from "../../src/engine/workspace.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";
import { settled } from "../fixtures/until.js";

test.runIf(process.platform === "linux")(
  "a worker that may use a part of the cores tells which, another one nothing",
  () => {
    const taskset = (...args: string[]) =>
      execFileSync("taskset", [...args, String(process.pid)], { encoding: "utf8" })
        .trim()
        .split(" ")
        .at(-1) ?? "";
    const before = taskset("-cp");
    const last = before.split(/[,-]/).at(-1) ?? "";
    try {
      taskset("-acp", last);
      expect(allowedCores()).toBe(`-${last}`);
      taskset("-acp", `0-${cpus().length - 1}`);
      expect(allowedCores()).toBe("");
    } finally {
      taskset("-acp", before);
    }
  },
);

test.each(["io", "compute"] as const)("an interrupted run waits for work (%s) that has begun", async (resource) => {
  const interrupt = new AbortController();
  const scheduler = new Scheduler(workspaceAt(temporaryFolder()), interrupt.signal);
  const told: string[] = [];
  const nobodyElse = () => {};
  const work = async (name: string) => {
    interrupt.abort(new Error("interrupted"));
    await settled();
    told.push(`${name} has written its last`);
  };
  const ended = ["first", "second", "third"].map((name) =>
    scheduler
      .run(resource, 0, nobodyElse, () => work(name))
      .then(
        () => told.push(`${name} ended`),
        () => told.push(`${name} was given up`),
      ),
  );
  await Promise.all(ended);
  expect(told.indexOf("first ended")).toBeGreaterThan(told.indexOf("first has written its last"));
  expect(told).toContain("third was given up");
  expect(told).not.toContain("third has written its last");
});
