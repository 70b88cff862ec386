import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findLockFile } from "../../src/plan/lock-file.js";
import { failureOf } from "../fixtures/failure.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

test.each(["1e999", ".inf", "-.inf", ".nan"])("a lock file with the number %s is refused", async (number) => {
  const path = join(temporaryFolder(), "recipe.lock.yaml");
  writeFileSync(path, `version: 1\nevaluation: { chunks: ${number} }\n`);
  expect(await failureOf(findLockFile([path]))).toMatchObject({ code: "QS-LOCK-MISSING", at: { file: path } });
});
