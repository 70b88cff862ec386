import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { corpusKinds } from "../../src/plan/corpus-files.js";
import { findHubTexts, hashTexts } from "../../src/plan/resolve-texts.js";
import type { Settings } from "../../src/recipe/settings.js";
import { DigestCache } from "../../src/util/digest-cache.js";
import { failureOf } from "../fixtures/failure.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const evaluatedOn = (source: object) =>
  ({
    ...Object.fromEntries(corpusKinds.map((kind) => [kind, { corpus: kind === "evaluation" ? [source] : [] }])),
    stages: [],
    locate: () => ({ file: "recipe.yaml" }),
  }) as unknown as Settings;

afterEach(() => vi.unstubAllEnvs());

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
  const error = await failureOf(findHubTexts(evaluatedOn(source)));
  expect(error).toMatchObject({ code: "QS-HUB-OFFLINE", at: { file: "recipe.yaml" } });
  expect(error.remedy).toMatch(/HF_HUB_OFFLINE.*`corpus: default`/);
});

test("a file of a terabyte is refused before it is hashed", async () => {
  const path = join(temporaryFolder(), "disk.txt");
  writeFileSync(path, "text");
  truncateSync(path, 1e12);
  const hashed: string[] = [];
  const digests = new DigestCache((file) => hashed.push(file));
  const error = await failureOf(hashTexts(evaluatedOn({ kind: "file", path }), digests));
  expect(error).toMatchObject({ code: "QS-TEXT-SIZE", at: { file: "recipe.yaml" } });
  expect(hashed).toEqual([]);
});
