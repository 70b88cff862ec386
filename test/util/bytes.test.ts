import { describe, expect, test } from "vitest";
import { formatBytes, formatGibibytes, parseBytes } from "../../src/util/bytes.js";

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
  ])("%d is %s", (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});

test.each([
  [8 * 2 ** 30, "8 GiB"],
  [141 * 2 ** 30, "141 GiB"],
  [512 * 2 ** 30, "512 GiB"],
  [3.4e9, "3.17 GiB"],
  [10922 * 2 ** 20, "10.7 GiB"],
  [2 ** 29, "0.5 GiB"],
])("%d bytes of memory are %s", (bytes, text) => {
  expect(formatGibibytes(bytes)).toBe(text);
});
