import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runToolToItsLastLine } from "../../src/llamacpp/tool-run.js";
import type { Toolchain } from "../../src/llamacpp/tools.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

/** A tool that says its last line from its nth run on, and ends with a code. The real ones do it at random. */
function forgetful(fromRun: number, exitCode: number) {
  const cwd = temporaryFolder();
  const path = join(cwd, "tool");
  const count = "echo x >> runs; n=$(wc -l < runs); echo first";
  writeFileSync(path, `#!/bin/sh\n${count}\nif [ $n -ge ${fromRun} ]; then echo last; fi\nexit ${exitCode}\n`);
  chmodSync(path, 0o755);
  const tool = { path, version: "1", source: "setting" as const };
  const toolchain = { tools: { "llama-imatrix": tool } } as unknown as Toolchain;
  const runs = () => readFileSync(join(cwd, "runs"), "utf8").split("\n").length - 1;
  const isWhole = ({ stdout }: { stdout: string }) => stdout.includes("last");
  return { run: () => runToolToItsLastLine({ toolchain, cwd, threads: 1 }, "llama-imatrix", [], isWhole), runs };
}

test("a tool whose last lines got lost is run again", async () => {
  const tool = forgetful(2, 0);
  expect((await tool.run()).stdout).toBe("first\nlast\n");
  expect(tool.runs()).toBe(2);
});

test("but not for ever, and not when it failed or said all", async () => {
  const [never, failed, whole] = [forgetful(9, 0), forgetful(9, 1), forgetful(1, 0)];
  expect((await never.run()).stdout).toBe("first\n");
  expect((await failed.run()).exitCode).toBe(1);
  await whole.run();
  expect([never.runs(), failed.runs(), whole.runs()]).toEqual([3, 1, 1]);
});
