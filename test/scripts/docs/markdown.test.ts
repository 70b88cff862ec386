import { expect, test } from "vitest";
import { sentence } from "../../../scripts/docs/markdown.js";

test.each([
  ["folder for the store", "Folder for the store."],
  ["hf:<user>/<name>, or dir:<path>", "hf:<user>/<name>, or dir:<path>."],
  ["branch: staging branch, then main", "branch: staging branch, then main."],
  ["f32, f16, bf16 or auto", "f32, f16, bf16 or auto."],
  ["npm package to install", "npm package to install."],
  ["is it complete?", "Is it complete?"],
])("%s", (text, expected) => {
  expect(sentence(text)).toBe(expected);
});
