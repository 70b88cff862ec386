import { expect, test } from "vitest";
import { labelWarnings } from "../../../src/stages/quantize/label-warnings.js";

test("a file more than 10 % larger or smaller than the preset of its name is a warning", () => {
  const messages = (bytes: number) => labelWarnings("Q5_K_M", bytes, 4e9).map(({ message }) => message);
  expect(messages(3.6e9)).toEqual([]);
  expect(messages(4.39e9)).toEqual([]);
  expect(messages(3.4e9)).toEqual([
    "the file is 15 % smaller than llama.cpp's Q5_K_M of this model: 3.40 GB against 4.00 GB",
  ]);
  expect(messages(5e9)).toEqual([
    "the file is 25 % larger than llama.cpp's Q5_K_M of this model: 5.00 GB against 4.00 GB",
  ]);
});
