/** A number as C's printf writes it, with `nan` and `inf`; undefined for anything else. */
export function parseNumber(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[+-]?nan/i.test(text)) return Number.NaN;
  const infinite = /^([+-]?)inf/i.exec(text);
  if (infinite) return infinite[1] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return /^[+-]?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
}

/** `Final estimate: PPL = 12.0653 +/- 0.31453`, as llama-imatrix and llama-perplexity end. */
export function parseFinalPerplexity(text: string): { perplexity: number; perplexityError: number } | undefined {
  const match = /Final estimate: PPL = (\S+) \+\/- (\S+)/.exec(text);
  const perplexity = parseNumber(match?.[1]);
  const perplexityError = parseNumber(match?.[2]);
  return perplexity === undefined || perplexityError === undefined ? undefined : { perplexity, perplexityError };
}

/** The number of chunks a run announces: `computing over 20 chunks, n_ctx=512`. */
export function parseChunkCount(text: string): number | undefined {
  return parseNumber(/\bover (\d+) chunks,/.exec(text)?.[1]);
}
