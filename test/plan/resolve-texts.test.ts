import { expect, test, vi } from "vitest";
import { corpusKinds } from "../../src/plan/corpus-files.js";
import { findHubTexts } from "../../src/plan/resolve-texts.js";
import type { Settings } from "../../src/recipe/settings.js";
import { failureOf } from "../fixtures/failure.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

test("a text on a Hub that cannot be reached names the bundled text as alternative", async () => {
  vi.stubEnv("HF_HUB_OFFLINE", "1");
  vi.stubEnv("HF_HOME", temporaryFolder());
  const source = {
    kind: "hub",
    ref: "hf:org/set@main/text.txt",
    dataset: "org/set",
    revision: "main",
    path: "text.txt",
  };
  const settings = {
    ...Object.fromEntries(corpusKinds.map((kind) => [kind, { corpus: kind === "evaluation" ? [source] : [] }])),
    locate: () => ({ file: "recipe.yaml" }),
  } as unknown as Settings;
  const error = await failureOf(findHubTexts(settings));
  expect(error).toMatchObject({ code: "QS-HUB-OFFLINE", at: { file: "recipe.yaml" } });
  expect(error.remedy).toMatch(/HF_HUB_OFFLINE.*`corpus: default`/);
});
