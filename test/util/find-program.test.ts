import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { findProgram } from "../../src/util/find-program.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

test("a program is found by its absolute path, never in the working folder or a relative entry", async () => {
  const folder = temporaryFolder();
  const absolute = path.join(folder, "bin");
  const relative = path.relative(process.cwd(), absolute);
  mkdirSync(absolute);
  const program = path.join(absolute, "git");
  writeFileSync(program, "");
  chmodSync(program, 0o755);
  expect(await findProgram(["git"], ["", ".", relative, `./${relative}`].join(":"))).toBeUndefined();
  expect(await findProgram(["git"], `:.:${relative}:${absolute}`)).toBe(program);
});
