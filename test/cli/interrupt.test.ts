import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, test } from "vitest";
import { interruptSignal } from "../../src/cli/interrupt.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";
import { until } from "../fixtures/until.js";

const program = (pipe: string) => `
  import { open } from "node:fs/promises";
  import { setTimeout as sleep } from "node:timers/promises";
  import { interruptSignal } from ${JSON.stringify(new URL("../../src/cli/interrupt.ts", import.meta.url).href)};
  interruptSignal().addEventListener("abort", () => console.log("aborted"));
  process.on("exit", () => console.log("locks removed"));
  void open(${JSON.stringify(pipe)});
  console.log("waiting");
  await sleep(600_000);
`;

test("a second signal ends a process that waits for a file, after its exit handlers", async () => {
  const pipe = join(temporaryFolder(), "pipe");
  execFileSync("mkfifo", [pipe]);
  const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", program(pipe)]);
  const ended = once(child, "close");
  let output = "";
  child.stdout.on("data", (piece) => {
    output += piece;
  });
  await until(() => output.includes("waiting"));
  child.kill("SIGTERM");
  await until(() => output.includes("aborted"));
  child.kill("SIGTERM");
  expect(await ended).toEqual([null, "SIGTERM"]);
  expect(output).toBe("waiting\naborted\nlocks removed\n");
});

test("commands of one process share the listeners for its signals", () => {
  const first = interruptSignal();
  const listeners = () => ["SIGINT", "SIGTERM", "SIGHUP"].map((name) => process.listenerCount(name));
  const before = listeners();
  expect(interruptSignal()).toBe(first);
  expect(listeners()).toEqual(before);
});
