import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { schema } from "../../src/cli/commands/schema.js";
import { failureOf } from "../fixtures/failure.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

test("`schema --write` overwrites an edited file only with `--force`", async () => {
  const write = join(temporaryFolder(), "new");
  await schema(undefined, { write });
  await schema(undefined, { write });
  const file = join(write, "recipe.schema.json");
  const text = readFileSync(file, "utf8");
  writeFileSync(file, "mine");
  const error = await failureOf(schema(undefined, { write }));
  expect([error.code, error.message]).toEqual(["QS-INIT-EXISTS", expect.stringContaining(file)]);
  expect(readFileSync(file, "utf8")).toBe("mine");
  await schema(undefined, { write, force: true });
  expect(readFileSync(file, "utf8")).toBe(text);
});
