import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { RunReport } from "../../src/release/release-report.js";
import { parseChecked } from "../../src/util/checked-json.js";
import { quantsmith } from "../fixtures/cli.js";
import { hostileText, obeyedParts } from "../fixtures/hostile-text.js";
import { seal, writeRelease } from "../fixtures/small-release.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

test("a file name and a YAML warning do not change the verdict that verify shows", async () => {
  const folder = await writeRelease(temporaryFolder());
  // The parser's warning about an unknown tag quotes the line. The other error is the provenance's copy of the lock file.
  const lock = readFileSync(join(folder, "recipe.lock.yaml"), "utf8");
  writeFileSync(join(folder, "recipe.lock.yaml"), `${lock}::error title=x::pwned: !foo "\u009b2J"\n`);
  await seal(folder, parseChecked(readFileSync(join(folder, "release.json"), "utf8")) as RunReport);
  writeFileSync(join(folder, hostileText), "");
  const { exitCode, stdout, stderr } = await quantsmith(["verify", folder]);
  expect([exitCode, stdout.split("\n").at(-1)]).toEqual([3, `${folder}: 2 errors.`]);
  expect(obeyedParts(`${stdout}\n${stderr}`)).toEqual([]);
});

test("warnings and output of libraries, and errors outside the command, are printed as text", async () => {
  const text = JSON.stringify(hostileText);
  const output = `process.emitWarning(${text}); console.warn(${text}); setImmediate(() => { throw new Error(${text}) })`;
  const hook = `process.on("newListener", (name) => name === "uncaughtException" && setImmediate(() => { ${output} }))`;
  const env = { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(hook)}` };
  const { exitCode, stderr } = await quantsmith(["types"], { env });
  expect([exitCode, stderr.match(/Warning: x|\| x|QS-INTERNAL/g)]).toEqual([1, ["| x", "Warning: x", "QS-INTERNAL"]]);
  expect(obeyedParts(stderr)).toEqual([]);
});
