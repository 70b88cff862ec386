/** Shape of a dense Llama model. */
export interface ModelShape {
  name: string;
  width: number;
  feedForward: number;
  layers: number;
  /** Columns of keys and values. */
  kvWidth: number;
  vocabulary: number;
}

export const shapes: readonly ModelShape[] = [
  { name: "8B", width: 4096, feedForward: 14336, layers: 32, kvWidth: 1024, vocabulary: 128_256 },
  { name: "70B", width: 8192, feedForward: 28672, layers: 80, kvWidth: 1024, vocabulary: 128_256 },
];

/** Costs of error feedback: floating-point operations and bytes. */
export interface ModelCosts {
  /** Products of the second moments for each token of the calibration text. */
  momentsPerToken: number;
  /** Factors of all second moments, once per variant. */
  factors: number;
  /** Rounding of all weights of one variant, with the products on the CPU and on a device. */
  rounding: number;
  deviceRounding: number;
  /** Weights of one variant. */
  weights: number;
  /** Memory of the sums of all layers, and size of `moments.gguf`. */
  sumBytes: number;
  fileBytes: number;
}

/** Operations per weight and column: feedback, two passes of descent and two measurements, see docs/internals/rounding.md. */
export const roundingWork = 8;
/** On a device, half of the feedback's operations are with zeros: 1 n more for the feedback and for each measurement. */
const deviceWork = 11;

/**
 * Returns the costs: n² operations per token and input of n columns (upper triangle), 2/3 n³ for its factors, 8 n for each
 * weight, and 4 n² bytes for its sums.
 */
export function modelCosts({ width, feedForward, layers, kvWidth, vocabulary }: ModelShape): ModelCosts {
  const inputs = [
    ...Array.from({ length: 3 * layers }, () => width),
    ...Array.from({ length: layers }, () => feedForward),
    width,
  ];
  const perLayer = [
    { columns: width, rows: 2 * width + 2 * kvWidth + 2 * feedForward },
    { columns: feedForward, rows: width },
  ];
  const sum = (power: (columns: number) => number) => inputs.reduce((total, columns) => total + power(columns), 0);
  const overWeights = (power: number) =>
    perLayer.reduce(
      (total, { columns, rows }) => total + layers * rows * columns ** power,
      vocabulary * width ** power,
    );
  return {
    momentsPerToken: sum((n) => n ** 2),
    factors: sum((n) => (2 / 3) * n ** 3),
    rounding: roundingWork * overWeights(2),
    deviceRounding: deviceWork * overWeights(2),
    weights: overWeights(1),
    sumBytes: sum((n) => 4 * n ** 2),
    fileBytes: sum((n) => n ** 2),
  };
}
