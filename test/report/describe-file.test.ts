import { expect, test } from "vitest";
import type { VariantReport } from "../../src/release/release-report.js";
import { describeFile } from "../../src/report/describe-file.js";
import { largeReport } from "../fixtures/release-report.js";

/** A variant of these figures; its name says nothing about them. */
function variant(name: string, bytes: number, kldMean: number, sameTop: number): VariantReport {
  const [any] = largeReport.variants;
  if (any?.quality == null) throw new Error("no figures");
  return { ...any, name, bytes, quality: { ...any.quality, kldMean, kldMeanError: kldMean / 10, sameTop } };
}

test.each([
  [0.003, 97, "nearly lossless"],
  [0.0031, 97, "very small loss"],
  [0.003, 96.9, "very small loss"],
  [0.03, 92, "small loss"],
  [0.03, 91.9, "noticeable loss"],
  [0.21, 99, "large loss"],
  [9, 1, "large loss"],
])("a mean KLD of %d and a same top token of %d %% is a %s", (kldMean, sameTop, grade) => {
  const file = variant("Q8_0", 1, kldMean, sameTop);
  expect(describeFile(file, [file]).grade).toBe(grade);
});

test("the smallest file with at most a small loss is recommended", () => {
  const files = [variant("A", 9, 0.001, 98), variant("B", 5, 0.02, 93), variant("C", 4, 0.04, 93)];
  expect(files.map((file) => describeFile(file, files).recommended)).toEqual([false, true, false]);
  const bad = files.slice(2);
  expect(bad.map((file) => describeFile(file, bad).recommended)).toEqual([false]);
});

test("a file names another that is not larger and closer to the base, beyond the errors", () => {
  const files = [variant("A", 5, 0.02, 95), variant("B", 5, 0.01, 95), variant("C", 6, 0.0105, 95)];
  expect(files.map((file) => describeFile(file, files).better)).toEqual(["B", undefined, undefined]);
});

test("a file without figures has no grade and is not recommended", () => {
  const file = { ...variant("Q8_0", 1, 0, 100), quality: null };
  expect(describeFile(file, [file])).toEqual({ recommended: false, grade: undefined, better: undefined });
});
