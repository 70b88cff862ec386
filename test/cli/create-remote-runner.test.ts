import { expect, test } from "vitest";
import { createRemoteRunner, type ExecutorDeps } from "../../src/cli/create-remote-runner.js";

const choose = (name: string, change: Partial<ExecutorDeps> = {}) =>
  createRemoteRunner(name, {} as never, {
    ...{ out: "/nowhere", pastSeconds: new Map(), note: () => undefined, signal: new AbortController().signal },
    ...change,
  });

test.each(["slrum", "constructor", "toString", "__proto__"])("%s is not an executor", async (name) => {
  await expect(choose(name)).rejects.toMatchObject({ code: "QS-USAGE" });
});

test("--max-cost is rejected for executors without costs", async () => {
  expect(await choose("local")).toBeUndefined();
  for (const name of ["local", "slurm"]) {
    await expect(choose(name, { maxCost: 5 })).rejects.toMatchObject({ code: "QS-USAGE" });
  }
});
