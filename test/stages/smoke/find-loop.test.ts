import { expect, test } from "vitest";
import { findLoop } from "../../../src/stages/smoke/find-loop.js";

test.each([
  ["!".repeat(64), { unit: "!", times: 64 }],
  [`The answer is ${"of the ".repeat(20)}`, { unit: " of the", times: 20 }],
  [`${"I am sorry, but I am. ".repeat(4)}And so on.`, { unit: "I am sorry, but I am. ", times: 4 }],
  ["a sentence of some length that is cut here. ".repeat(5).slice(0, 200), expect.objectContaining({ times: 4 })],
])("%j repeats", (text, loop) => {
  expect(findLoop(text)).toEqual(loop);
});

test.each([
  "",
  "The capital of France is Paris.",
  "ha ha ha ha ha ha",
  "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20",
  `| a | b |\n|${"-".repeat(40)}|${"-".repeat(40)}|\n${"| words in a cell | and other ones |\n| quite different | from those |\n".repeat(2)}`,
  Array.from({ length: 60 }, (_, i) => `Line ${i}: ${"abcdefgh".slice(i % 7)}`).join("\n"),
])("%j does not", (text) => {
  expect(findLoop(text)).toBeUndefined();
});
