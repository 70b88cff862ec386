/** Parses a number in C's printf format, including `nan` and `inf`; returns undefined for other text. */
export function parseNumber(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[+-]?nan/i.test(text)) return Number.NaN;
  const infinite = /^([+-]?)inf/i.exec(text);
  if (infinite) return infinite[1] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return /^[+-]?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
}

/** Parses `Final estimate: PPL = 12.0653 +/- 0.31453` of llama-imatrix and llama-perplexity. */
export function parseFinalPerplexity(text: string): { perplexity: number; perplexityError: number } | undefined {
  const match = /Final estimate: PPL = (\S+) \+\/- (\S+)/.exec(text);
  const perplexity = parseNumber(match?.[1]);
  const perplexityError = parseNumber(match?.[2]);
  return perplexity === undefined || perplexityError === undefined ? undefined : { perplexity, perplexityError };
}

/** Parses the number of chunks: `computing over 20 chunks, n_ctx=512`. */
export function parseChunkCount(text: string): number | undefined {
  return parseNumber(/\bover (\d+) chunks,/.exec(text)?.[1]);
}

/**
 * Parses the perplexities of the first k chunks, `[1]11.2762,[2]12.0653,`, and returns the logarithm of each chunk's own: chunk
 * k is k · ln row(k) − (k − 1) · ln row(k − 1).
 */
export function parseChunkPerplexities(text: string): number[] {
  const rows = [...text.matchAll(/\[(\d+)\]([\d.]+),/g)].map(([, , perplexity]) => Math.log(Number(perplexity)));
  return rows.map((row, index) => (index + 1) * row - index * (rows[index - 1] ?? 0));
}
