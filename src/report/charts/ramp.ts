import { scale } from "@observablehq/plot";

/** Viridis: even steps of lightness, safe for red-green colour blindness. */
const ramp = scale({ color: { type: "linear", scheme: "viridis", domain: [0, 1], clamp: true } });

/** Returns the colour at 0 (dark blue) to 1 (bright yellow). */
export function rampColour(share: number): string {
  return ramp.apply(share);
}

/** Range of bits per weight on the colour scale; few bits are dark. Fixed, so that charts are comparable. */
const bitsRange = [1.5, 10] as const;

/** Returns the place of a type on the colour scale by bits per weight, logarithmic; beyond 0 to 1 outside the range. */
export function bitsShare(bitsPerWeight: number): number {
  const [least, most] = bitsRange;
  return Math.log(bitsPerWeight / least) / Math.log(most / least);
}

/** Returns the colour of a type by bits per weight. */
export function bitsColour(bitsPerWeight: number): string {
  return rampColour(bitsShare(bitsPerWeight));
}

/** Returns the text colour for a `#rrggbb` background, by relative luminance (WCAG 2). */
export function inkOn(colour: string): "light" | "dark" {
  const [red = 0, green = 0, blue = 0] = [...colour.matchAll(/[0-9a-f]{2}/gi)].map(([part]) =>
    linear(Number.parseInt(part, 16) / 255),
  );
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  // The contrasts to white (1.05 / (l + 0.05)) and to black ((l + 0.05) / 0.05) are equal at this value.
  return luminance < 0.179 ? "light" : "dark";
}

const linear = (part: number) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
