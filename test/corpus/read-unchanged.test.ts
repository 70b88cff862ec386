import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readUnchanged } from "../../src/corpus/read-unchanged.js";
import { sha256 } from "../../src/util/sha256.js";
import { failureOf } from "../fixtures/failure.js";
import { replacements } from "../fixtures/replacements.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

test.each(replacements)("a text that is %s after it was planned", async (_what, replace) => {
  const path = join(temporaryFolder(), "text.txt");
  writeFileSync(path, "text");
  expect(await readUnchanged(path, sha256("text"))).toEqual(Buffer.from("text"));
  replace(path);
  const { code, message } = await failureOf(readUnchanged(path, sha256("text")));
  expect([code, message]).toEqual(["QS-INPUT-CHANGED", expect.stringMatching(/changed during the run: [a-z ]+$/)]);
});
