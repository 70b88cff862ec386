import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { quantsmith } from "../fixtures/cli.js";
import { hostileText, obeyedParts } from "../fixtures/hostile-text.js";
import { writeRelease } from "../fixtures/small-release.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

test("a file name does not change the verdict that verify shows", async () => {
  const folder = await writeRelease(temporaryFolder());
  writeFileSync(join(folder, hostileText), "");
  const { exitCode, stdout, stderr } = await quantsmith(["verify", folder]);
  expect([exitCode, stdout.split("\n").at(-1)]).toEqual([3, `${folder}: 1 error.`]);
  expect(obeyedParts(`${stdout}\n${stderr}`)).toEqual([]);
});

test("an error outside the command is printed with a code, and nothing in it is obeyed", async () => {
  const thrown = `throw new Error(${JSON.stringify(hostileText)})`;
  const hook = `process.on("newListener", (name) => name === "uncaughtException" && setImmediate(() => { ${thrown} }))`;
  const env = { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(hook)}` };
  const { exitCode, stderr } = await quantsmith(["types"], { env });
  expect([exitCode, stderr]).toEqual([1, expect.stringContaining("QS-INTERNAL")]);
  expect(obeyedParts(stderr)).toEqual([]);
});
