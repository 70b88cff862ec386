import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { draftRecipe } from "../../src/cli/init/draft-recipe.js";
import { readModel } from "../../src/cli/init/read-model.js";
import { tryQuestions } from "../../src/cli/init/try-questions.js";
import { resolveToolchain } from "../../src/llamacpp/toolchain/toolchain.js";
import { makeCheckpoint } from "../fixtures/checkpoints/make-checkpoint.js";
import { smallLlama } from "../fixtures/checkpoints/small-llama.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

test("a base model with random weights fails both drafted completions", async () => {
  const home = temporaryFolder();
  const recipe = join(home, "model.yaml");
  await resolveToolchain(); // builds the tools, which `tryQuestions` does not
  await makeCheckpoint(join(home, "model"), smallLlama());
  const model = { ...(await readModel(join(home, "model"), home)), chat: "none" as const };
  writeFileSync(recipe, draftRecipe(model, { devices: new Map() }, home));
  vi.spyOn(process.stderr, "write").mockReturnValue(true);
  try {
    expect(await tryQuestions(recipe, model)).toEqual({
      asked: 2,
      failing: new Set(["The capital of France is", "The sun rises in the east and sets in the"]),
    });
  } finally {
    vi.restoreAllMocks();
  }
  expect(await tryQuestions(recipe, { ...model, source: "hf:org/name" })).toEqual({
    why: "the weights are not on this machine",
  });
  expect(await tryQuestions(recipe, { ...model, weightBytes: 5e9 })).toMatchObject({
    why: expect.stringMatching(/^the weights are larger than/),
  });
});
