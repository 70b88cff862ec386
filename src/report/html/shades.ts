import { bitsShare, inkOn, rampColour } from "../charts/ramp.js";

/** Colours of heat map cells: classes `v0` (dark blue) to `v31` (bright yellow). */
export const shades = 32;

const colours = Array.from({ length: shades }, (_, shade) => rampColour(shade / (shades - 1)));

/** Style of the classes, and of `ramp`, which shows all of them. */
export const shadeStyle = [
  ...colours.map(
    (colour, shade) => `.v${shade} { background: ${colour}; color: ${inkOn(colour) === "light" ? "#fff" : "#000"}; }`,
  ),
  `.ramp { background: linear-gradient(to right, ${colours.join(", ")}); }`,
].join("\n");

/** Returns the class of a type by bits per weight. */
export function bitsShade(bitsPerWeight: number): string {
  return `v${Math.round(Math.min(1, Math.max(0, bitsShare(bitsPerWeight))) * (shades - 1))}`;
}
