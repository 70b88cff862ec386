import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { writeInstalled } from "../../src/engine/installed-release.js";
import { releaseOwner } from "../../src/engine/release-owner.js";
import { requireRecipe } from "../../src/engine/require-recipe.js";
import { failureOf } from "../fixtures/failure.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const releases = temporaryFolder();
const gates = { kldMean: { max: 0.1 } };
const built = { file: "/recipes/model.yaml", sha256: "a".repeat(64), gates, source: "hf:org/model" };

beforeAll(async () => {
  for (const name of ["model", "copied"]) mkdirSync(join(releases, name));
  symlinkSync("copied", join(releases, "linked"));
  for (const name of ["model", "linked"]) {
    const owner = await releaseOwner({ releases }, built);
    await writeInstalled(join(releases, `.${name}.json`), { format: 1, owner, files: [] });
  }
});

test.each(["model", "linked"])("the release %s is of the recipe that it was built from", async (name) => {
  await requireRecipe(join(releases, name), built);
  const edited = { ...built, sha256: "b".repeat(64) };
  const error = await failureOf(requireRecipe(join(releases, name), edited));
  expect([error.code, error.exitCode]).toEqual(["QS-PUBLISH-RECIPE", 2]);
  expect(error.message).toContain("not built from the present text of /recipes/model.yaml");
  const gated = await failureOf(requireRecipe(join(releases, name), { ...built, gates: { kldMean: { max: 0.01 } } }));
  expect([gated.code, gated.message]).toEqual(["QS-PUBLISH-RECIPE", expect.stringContaining("with its present gates")]);
  const other = await failureOf(requireRecipe(join(releases, name), { ...built, source: "/models/other" }));
  expect([other.code, other.message]).toEqual(["QS-PUBLISH-RECIPE", expect.stringContaining("source: hf:org/model")]);
});

test("a folder without a record, such as a copy, passes", async () => {
  await requireRecipe(join(releases, "copied"), built);
});
