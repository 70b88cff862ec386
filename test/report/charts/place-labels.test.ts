import { expect, test } from "vitest";
import { type Box, type LabelledPoint, placeLabels } from "../../../src/report/charts/place-labels.js";
import { textWidth } from "../../../src/report/charts/text-width.js";
import { randomIntegers } from "../../fixtures/random.js";

const frame: Box = { left: 60, top: 40, right: 580, bottom: 400 };
const at = (text: string, x: number, y: number): LabelledPoint => ({ text, x, y, y1: y - 12, y2: y + 12 });

function boxes(points: readonly LabelledPoint[]): Box[] {
  return placeLabels(points, frame).map(({ text, x, y }) => ({
    left: x,
    right: x + textWidth(text),
    top: y - 7.5,
    bottom: y + 7.5,
  }));
}

const apart = (a: Box, b: Box) => a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;

test("a single label is on the right, or on the left at the right edge", () => {
  const [right] = placeLabels([at("Q4_K_M", 300, 200)], frame);
  expect(right).toMatchObject({ text: "Q4_K_M", y: 200 });
  expect(right?.x).toBeGreaterThan(300);
  const [left] = placeLabels([at("Q4_K_M", 575, 200)], frame);
  expect((left?.x ?? 0) + textWidth("Q4_K_M")).toBeLessThan(575);
});

test("the labels of two similar variants do not overlap", () => {
  const [a, b] = boxes([at("Q4_K_M", 300, 200), at("Q4_K_S", 301, 203)]);
  expect(a !== undefined && b !== undefined && apart(a, b)).toBe(true);
});

test("labels of twelve points along a curve do not overlap labels or points, and stay inside", () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = randomIntegers(seed);
    const points = Array.from({ length: 12 }, (_, i) =>
      at(`IQ${i}_XXS`, 80 + 38 * i + random(30), 60 + 25 * i + random(25)),
    );
    const placed = boxes(points);
    for (const [i, box] of placed.entries()) {
      expect(box.left).toBeGreaterThanOrEqual(frame.left);
      expect(box.right).toBeLessThanOrEqual(frame.right);
      for (const other of placed.slice(i + 1)) expect(apart(box, other), `seed ${seed}`).toBe(true);
      for (const { x, y } of points)
        expect(apart(box, { left: x - 5, right: x + 5, top: y - 5, bottom: y + 5 })).toBe(true);
    }
  }
});
