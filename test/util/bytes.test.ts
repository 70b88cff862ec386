import { describe, expect, test } from "vitest";
import { formatBytes, parseBytes } from "../../src/util/bytes.js";

describe("parseBytes", () => {
  test.each([
    ["2.4 GB", 2_400_000_000],
    ["2 GiB", 2_147_483_648],
    ["1.5gib", 1_610_612_736],
    ["700MB", 700_000_000],
    ["1 kB", 1000],
    ["3 KiB", 3072],
    ["12 B", 12],
    [" 1 TB ", 1e12],
    ["0.1 kB", 100],
  ])("%s", (text, bytes) => {
    expect(parseBytes(text)).toBe(bytes);
  });

  test.each(["", "2.4", "GB", "2.4 GX", "-1 GB", "1e3 MB", "1,5 GB", "2.4 G", "1 iB", "99999999999 TB", "1 GB x"])(
    "rejects %j",
    (text) => {
      expect(parseBytes(text)).toBeUndefined();
    },
  );
});

describe("formatBytes", () => {
  test.each([
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1.00 kB"],
    [2_400_000_000, "2.40 GB"],
    [12_345_678, "12.3 MB"],
    [999_499, "999 kB"],
    [999_600, "1.00 MB"],
    [9_996, "10.0 kB"],
    [123e15, "123 PB"],
    [5e18, "5000 PB"],
    [8 * 2 ** 30, "8.59 GB"],
  ])("%d is %s", (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});
