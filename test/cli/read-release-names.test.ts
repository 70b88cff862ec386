import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readReleaseNames } from "../../src/cli/read-release-names.js";
import { writeRelease } from "../fixtures/small-release.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const folder = await writeRelease(join(temporaryFolder(), "release"));
const text = readFileSync(join(folder, "release.json"), "utf8");

test("the names and quality of a release; null without one", async () => {
  expect(await readReleaseNames(folder)).toMatchObject({
    model: { name: "tiny" },
    variants: [{ name: "Q8_0", quality: { kldMean: 0.01 } }, { name: "Q4_K_M" }],
  });
  expect(await readReleaseNames(temporaryFolder())).toBeNull();
});

test.each([
  ["another format", "{}"],
  ["a member twice", text.replace('"recipe"', '"recipe": "other", "recipe"')],
  ["the infinite divergence 1e999", text.replace('"kldMean": 0.01', '"kldMean": 1e999')],
  ["bytes that are no number", text.replace(/"bytes": \d+/, '"bytes": "1"')],
])("release.json with %s is an error", async (_what, content) => {
  expect(content).not.toBe(text);
  const other = temporaryFolder();
  writeFileSync(join(other, "release.json"), content);
  await expect(readReleaseNames(other)).rejects.toMatchObject({ code: "QS-FIT-RELEASE" });
});

test("a folder in place of release.json is an error", async () => {
  const other = temporaryFolder();
  mkdirSync(join(other, "release.json"));
  await expect(readReleaseNames(other)).rejects.toMatchObject({ code: "QS-FIT-RELEASE" });
});
