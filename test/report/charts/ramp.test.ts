import { expect, test } from "vitest";
import { ggmlTypes } from "../../../src/quant/ggml-types.js";
import { bitsColour, inkOn } from "../../../src/report/charts/ramp.js";

function luminance(colour: string): number {
  const parts = [...colour.slice(1).matchAll(/../g)].map(([part]) => Number.parseInt(part, 16) / 255);
  const [r = 0, g = 0, b = 0] = parts.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

test("every type name has enough contrast on its colour, and more bits are lighter", () => {
  const types = ggmlTypes.filter(({ target }) => target).sort((a, b) => a.bitsPerWeight - b.bitsPerWeight);
  let before = 0;
  for (const { name, bitsPerWeight } of types) {
    const colour = bitsColour(bitsPerWeight);
    expect(colour).toMatch(/^#[0-9a-f]{6}$/);
    const lightness = luminance(colour);
    const contrast = inkOn(colour) === "light" ? 1.05 / (lightness + 0.05) : (lightness + 0.05) / 0.05;
    expect(contrast, name).toBeGreaterThanOrEqual(4.5);
    expect(lightness, name).toBeGreaterThanOrEqual(before);
    before = lightness;
  }
});
