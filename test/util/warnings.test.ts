import { describe, expect, test } from "vitest";
import { distinctWarnings, formatWarning, isOnCard, publicWarning, type Warning } from "../../src/util/warnings.js";

const warning: Warning = { code: "QW-QUANTIZE-RULE", message: "2 of 4 tensors differ", remedy: "Change the rule." };

describe("formatWarning", () => {
  test("states place, code, variant and remedy", () => {
    const at = { file: "a.yaml", line: 3, column: 5 };
    expect(formatWarning({ ...warning, at, variant: "Q4_K_M" })).toEqual([
      "a.yaml:3:5: warning: QW-QUANTIZE-RULE: Q4_K_M: 2 of 4 tensors differ",
      "  → Change the rule.",
    ]);
    expect(formatWarning(warning)[0]).toBe("warning: QW-QUANTIZE-RULE: 2 of 4 tensors differ");
  });

  test("quotes further lines of a message", () => {
    expect(formatWarning({ ...warning, message: "differs:\n::error::x" })).toEqual([
      "warning: QW-QUANTIZE-RULE: differs:",
      "  | ::error::x",
      "  → Change the rule.",
    ]);
  });
});

test("distinctWarnings keeps each once, by variant, and removes secrets", () => {
  const other = { ...warning, variant: "Q4_K_M" };
  const secret = { ...warning, message: "see https://x.org/a?token=1 with hf_abcdefgh" };
  const found = distinctWarnings([warning, other, { ...warning }, secret]);
  expect(found).toEqual([warning, other, { ...warning, message: "see https://x.org/a?[redacted] with hf_[redacted]" }]);
  expect(distinctWarnings(found)).toEqual(found);
});

test("a release has file names without folders and lines", () => {
  const at = { file: "/home/me/models/a/config.json", line: 3 };
  expect(publicWarning({ ...warning, at })).toEqual({ ...warning, at: { file: "config.json" } });
  expect(publicWarning(warning)).toEqual(warning);
});

test("a code of another version is not on the card", () => {
  expect(isOnCard(warning)).toBe(true);
  expect(isOnCard({ ...warning, code: "QW-FUTURE" as Warning["code"] })).toBe(false);
});
