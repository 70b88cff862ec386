/** A repetition in a text. */
export interface Loop {
  /** The repeated piece. */
  unit: string;
  times: number;
}

/** Longer pieces are rarely repeated within an answer. */
const maxUnitLength = 512;
const minRepetitions = 4;
const minCharacters = 40;

/**
 * Returns the longest repetition of one piece in a text, at least four times and 40 characters, if there is one. Pieces
 * without a letter or digit, such as a table's rule, must cover half of the text.
 */
export function findLoop(text: string): Loop | undefined {
  let best: Loop | undefined;
  let bestLength = 0;
  for (let period = 1; period <= Math.min(maxUnitLength, text.length / minRepetitions); period++) {
    let run = 0;
    for (let i = period; i <= text.length; i++) {
      if (i < text.length && text[i] === text[i - period]) {
        run += 1;
        continue;
      }
      // A multiple of a shorter period is as long and comes later.
      const length = run + period;
      const unit = text.slice(i - length, i - length + period);
      if (length > bestLength && length >= minRepetitions * period && counts(unit, length, text.length)) {
        best = { unit, times: Math.floor(length / period) };
        bestLength = length;
      }
      run = 0;
    }
  }
  return best;
}

function counts(unit: string, length: number, total: number): boolean {
  if (length < minCharacters) return false;
  return /[\p{L}\p{N}]/u.test(unit) || length >= total / 2;
}
