import { execFileSync } from "node:child_process";
import { cpus } from "node:os";
import { expect, test } from "vitest";
import { Scheduler } from "../../src/engine/scheduler.js";
import { workspaceAt } from "../../src/engine/workspace.js";
import { packageRoot } from "../../src/util/package-root.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const code = 'const { allowedCores } = await import("./dist/engine/scheduler.js"); console.log(allowedCores())';
const node = [process.execPath, "--input-type=module", "-e", code];

test.runIf(process.platform === "linux")(
  "a worker that may use a part of the cores tells which, another one nothing",
  () => {
    const run = ([file = "", ...args]: string[]) =>
      execFileSync(file, args, { cwd: packageRoot, encoding: "utf8" }).trim();
    const first =
      run(["taskset", "-cp", String(process.pid)])
        .split(/[ ,-]/)
        .at(-1) ?? "";
    expect(run(["taskset", "-c", first, ...node])).toBe(`-${first}`);
    expect(run(["taskset", "-c", `0-${cpus().length - 1}`, ...node])).toBe("");
  },
);

test.each(["io", "compute"] as const)("an interrupted run waits for work (%s) that has begun", async (resource) => {
  const interrupt = new AbortController();
  const scheduler = new Scheduler(workspaceAt(temporaryFolder()), interrupt.signal);
  const told: string[] = [];
  const nobodyElse = () => {};
  const work = async (name: string) => {
    interrupt.abort(new Error("interrupted"));
    await new Promise((resolve) => setTimeout(resolve, 50));
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
