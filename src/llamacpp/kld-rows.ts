import { parseNumber } from "./parse-number.js";

/** Means over the scored tokens of one chunk; KLD and logarithms in nats, the others as fractions. */
export interface ChunkFigures {
  logPerplexity: number;
  /** Logarithm of the perplexity divided by the base's. */
  logPerplexityRatio: number;
  kld: number;
  /** Mean square change of the correct token's probability. */
  squaredDeltaP: number;
  sameTop: number;
}

/**
 * Computes the means of each chunk from llama-perplexity's rows: row k contains the means of the first k chunks, so
 * chunk k is k · row(k) − (k − 1) · row(k − 1). Rows have five decimals, so the error of a chunk's KLD is up to
 * k · 10⁻⁵ nats.
 */
export function parseChunkFigures(stdout: string): ChunkFigures[] {
  const rows = stdout.split("\n").flatMap((line) => parseRow(line) ?? []);
  return rows.map((row, index) => {
    const before = rows[index - 1];
    const of = (figure: keyof ChunkFigures) => (index + 1) * row[figure] - index * (before?.[figure] ?? 0);
    return {
      logPerplexity: of("logPerplexity"),
      logPerplexityRatio: of("logPerplexityRatio"),
      kld: of("kld"),
      squaredDeltaP: of("squaredDeltaP"),
      sameTop: of("sameTop"),
    };
  });
}

/** `   2   11.2762 ±  0.7721   0.00511 ± 0.00203   0.01422 ± 0.00113   3.100 ± 0.330 %   93.137 ± 1.121 %` */
function parseRow(line: string): ChunkFigures | undefined {
  if (!/^\s*\d+\s+\S+ ±/.test(line)) return undefined;
  const values = [...line.matchAll(/(\S+) ±/g)].map(([, value]) => parseNumber(value));
  const [perplexity, logPerplexityRatio, kld, deltaP, sameTop] = values;
  if (perplexity === undefined || logPerplexityRatio === undefined || kld === undefined) return undefined;
  if (deltaP === undefined || sameTop === undefined) return undefined;
  return {
    logPerplexity: Math.log(perplexity),
    logPerplexityRatio,
    kld,
    squaredDeltaP: (deltaP / 100) ** 2,
    sameTop: sameTop / 100,
  };
}
