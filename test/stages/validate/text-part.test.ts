import { expect, test } from "vitest";
import { textPart } from "../../../src/stages/validate/text-part.js";

const lines = Array.from({ length: 5000 }, (_, line) => `Line ${line} of a text that changes on its way.\n`);
const text = lines.join("");
const linesOf = (part: string) => part.split(/(?<=\n)/);

test("parts hold every line once, in its order, and each comes from all over the text", () => {
  const parts = [0, 1, 2].map((index) => textPart(text, { index, of: 3 }));
  expect(parts.flatMap(linesOf).sort()).toEqual([...lines].sort());
  for (const part of parts) {
    const numbers = linesOf(part).map((line) => Number(line.split(" ")[1]));
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    expect(numbers[0]).toBeLessThan(1100);
    expect(numbers.at(-1)).toBeGreaterThan(3900);
    expect(part.length).toBeGreaterThan(text.length / 5);
  }
});

test("one part is the text, and a text of one line still has parts that lose nothing", () => {
  expect(textPart(text, { index: 0, of: 1 })).toBe(text);
  expect(textPart("one line", { index: 0, of: 2 }) + textPart("one line", { index: 1, of: 2 })).toBe("one line");
});
