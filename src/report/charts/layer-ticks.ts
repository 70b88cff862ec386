/**
 * Returns the layers with a tick on an axis: every n-th, so that each has `spacing` pixels. Lists only these, since the
 * name of a tensor may contain any number.
 */
export function layerTicks(layers: number, pixels: number, spacing: number): number[] {
  const every = Math.ceil((layers * spacing) / pixels);
  return Number.isSafeInteger(every)
    ? Array.from({ length: Math.ceil(layers / every) || 0 }, (_, index) => index * every)
    : [];
}
