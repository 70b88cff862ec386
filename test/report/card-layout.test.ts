import { expect, test } from "vitest";
import { type CardPart, layOutCard } from "../../src/report/card-layout.js";

const parts: Record<CardPart, string> = {
  ...{ title: "# T", summary: "S.", warnings: "> W", chart: "", files: "F {{run}}", devices: "D", run: "R" },
  ...{ categories: "C", details: "X", method: "M", license: "L" },
};

test("a card has all sections in the default order, without empty ones", () => {
  expect(layOutCard({}, parts)).toBe("# T\n\nS.\n\n> W\n\nF {{run}}\n\nD\n\nR\n\nC\n\nX\n\nM\n\nL");
});

test("a recipe adds a preface, and chooses and orders sections", () => {
  const card = layOutCard({ preface: "Hello\n", sections: ["run", "chart", "files"] }, parts);
  expect(card).toBe("# T\n\nS.\n\nHello\n\n> W\n\nR\n\nF {{run}}");
});

test("a template places every part; text of a part that looks like a placeholder stays", () => {
  const template = "{{chart}}\n\n# Mine\n{{ files }}\n\n\n    code\n{{warnings}}\n";
  expect(layOutCard({ template }, parts)).toBe("# Mine\nF {{run}}\n\n\n    code\n> W");
});

test("warnings that a template lacks come first", () => {
  expect(layOutCard({ template: "# Mine\n{{files}}" }, parts)).toBe("> W\n\n# Mine\nF {{run}}");
  expect(layOutCard({ template: "# Mine" }, { ...parts, warnings: "" })).toBe("# Mine");
});
