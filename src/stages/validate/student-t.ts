/** Slices of the quarter circle for the numerical integral; accurate to four digits down to a tail of 10⁻⁶. */
const slices = 1 << 14;

/**
 * Returns the t for which a Student variable with ν degrees of freedom is outside ±t with probability `tail`
 * (0 < tail < 1). With t = √ν · tan θ the density is proportional to cos^(ν−1) θ on a quarter circle, integrated from its
 * far end.
 */
export function studentT(tail: number, degreesOfFreedom: number): number {
  const width = Math.PI / 2 / slices;
  const density = (slice: number) => Math.cos((slice + 0.5) * width) ** (degreesOfFreedom - 1);
  let whole = 0;
  for (let slice = 0; slice < slices; slice++) whole += density(slice);
  let outside = 0;
  for (let slice = slices - 1; slice >= 0; slice--) {
    const inSlice = density(slice);
    if (outside + inSlice >= tail * whole) {
      // Fraction of the slice in the tail, from its upper end.
      const share = (tail * whole - outside) / inSlice;
      return Math.sqrt(degreesOfFreedom) * Math.tan((slice + 1 - share) * width);
    }
    outside += inSlice;
  }
  return 0;
}
