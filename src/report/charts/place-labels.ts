import { textWidth } from "./text-width.js";

export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** A labelled point in a chart, in pixels; `y1` to `y2` is its error bar. */
export interface LabelledPoint {
  text: string;
  x: number;
  y: number;
  y1: number;
  y2: number;
}

export interface PlacedLabel {
  text: string;
  /** Left edge of the text. */
  x: number;
  /** Vertical centre of the text. */
  y: number;
}

const height = 15;
const gap = 9;

/**
 * Places each label next to its point, inside `frame` and without covering points or other labels. Crowded labels move
 * further away; without any free place, a label is placed on the right.
 */
export function placeLabels(points: readonly LabelledPoint[], frame: Box): PlacedLabel[] {
  const taken: Box[] = points.flatMap(({ x, y, y1, y2 }) => [
    { left: x - 6, right: x + 6, top: y - 6, bottom: y + 6 },
    { left: x - 3, right: x + 3, top: Math.min(y1, y2), bottom: Math.max(y1, y2) },
  ]);
  return points.map((point) => {
    const candidates = boxesAround(point);
    const inside = candidates.filter((box) => within(box, frame));
    const box = inside.find((one) => !taken.some((other) => overlap(one, other))) ?? inside[0] ?? candidates[0];
    if (box === undefined) throw new Error("no candidate for a label");
    taken.push(box);
    return { text: point.text, x: box.left, y: (box.top + box.bottom) / 2 };
  });
}

/** Candidate places, from the nearest to the farthest. */
function boxesAround({ text, x, y }: LabelledPoint): Box[] {
  const width = textWidth(text);
  const at = (left: number, middle: number): Box => ({
    left,
    right: left + width,
    top: middle - height / 2,
    bottom: middle + height / 2,
  });
  const boxes: Box[] = [];
  for (const lift of [0, 14, 28, 42, 56]) {
    for (const side of lift === 0 ? [0] : [-lift, lift]) {
      boxes.push(at(x + gap, y + side), at(x - gap - width, y + side));
      if (lift > 0) boxes.push(at(x - width / 2, y + side));
    }
  }
  return boxes;
}

function overlap(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

function within(box: Box, frame: Box): boolean {
  return box.left >= frame.left && box.right <= frame.right && box.top >= frame.top && box.bottom <= frame.bottom;
}
