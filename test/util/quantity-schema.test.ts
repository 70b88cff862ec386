import { expect, test } from "vitest";
import { parseRate, rate, size } from "../../src/util/quantity-schema.js";

test.each([
  ["51.2 GB/s", 51.2e9],
  ["1 GiB/s", 2 ** 30],
  ["936GB / S", 936e9],
  [" 2 TB/s ", 2e12],
])("%j is a rate", (text, value) => {
  expect(parseRate(text)).toBe(value);
  expect(rate.parse(text)).toBe(value);
});

test.each(["51.2 GB", "51.2/s", "GB/s", "-1 GB/s", "1 GB/min", "1 Gbit/s", "", "0 GB/s", "1 GB/s/s"])(
  "%j is not a rate",
  (text) => {
    expect(rate.safeParse(text).success).toBe(false);
  },
);

test("numbers above zero are unchanged", () => {
  expect(rate.parse(51.2e9)).toBe(51.2e9);
  expect(size.parse(1)).toBe(1);
  for (const value of [0, -1, Number.NaN]) {
    expect(rate.safeParse(value).success).toBe(false);
    expect(size.safeParse(value).success).toBe(false);
  }
});
