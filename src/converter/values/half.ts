/** Converts the bits of a 16-bit float to those of the equal 32-bit float; a NaN keeps its payload. */
export function halfToFloat(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return (sign | 0x7f800000 | (fraction << 13)) >>> 0;
  if (exponent !== 0) return (sign | ((exponent + 112) << 23) | (fraction << 13)) >>> 0;
  if (fraction === 0) return sign >>> 0;
  // A subnormal number: shift until it has a leading one.
  const shift = Math.clz32(fraction) - 21;
  return (sign | ((113 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13)) >>> 0;
}

/**
 * Converts the bits of a 32-bit float to the nearest 16-bit float, ties to even. Overflow gives infinity; a NaN keeps
 * the upper part of its payload. Equals numpy's `npy_floatbits_to_halfbits`.
 */
export function floatToHalf(float: number): number {
  const sign = (float >>> 16) & 0x8000;
  const magnitude = float & 0x7fffffff;
  if (magnitude > 0x7f800000) {
    const payload = (magnitude & 0x7fffff) >>> 13;
    return sign | 0x7c00 | (payload === 0 ? 1 : payload);
  }
  if (magnitude >= 0x47800000) return sign | 0x7c00;
  // From 2^-14 the result is normal; rounding may carry into the exponent, up to infinity.
  if (magnitude >= 0x38800000) return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
  if (magnitude <= 0x33000000) return sign;
  const shift = 126 - (magnitude >>> 23);
  const fraction = (magnitude & 0x7fffff) | 0x800000;
  const kept = fraction >>> shift;
  const rest = fraction & ((1 << shift) - 1);
  const middle = 1 << (shift - 1);
  return sign | (kept + (rest > middle || (rest === middle && (kept & 1) === 1) ? 1 : 0));
}

/**
 * Converts the bits of a 32-bit float to the nearest bfloat16, ties to even; a NaN becomes quiet. Equals ggml's
 * `ggml_compute_fp32_to_bf16`.
 */
export function floatToBfloat(float: number): number {
  if ((float & 0x7fffffff) > 0x7f800000) return (float >>> 16) | 0x40;
  return ((float >>> 0) + 0x7fff + ((float >>> 16) & 1)) >>> 16;
}
