/** Characters dealt out together: a few chunks of text, so that seldom a chunk crosses from one stretch to another. */
const stretchCharacters = 16_384;

/**
 * One of `of` parts of a text, each a fair sample of the whole: stretches of lines are dealt out in turn. llama-perplexity
 * can only begin at the start of a text, and no tokenizer can be cut at a token, so base logits that are too large for
 * one file come from several texts. The parts together are the text, nothing twice.
 */
export function textSegment(text: string, { index, of }: { index: number; of: number }): string {
  if (of === 1) return text;
  const stretches: string[] = [];
  // Short texts are dealt out in smaller stretches, so that each part gets several.
  const size = Math.min(stretchCharacters, Math.floor(text.length / (8 * of)));
  for (let start = 0; start < text.length; ) {
    const lineEnd = text.indexOf("\n", start + size);
    const end = lineEnd < 0 ? text.length : lineEnd + 1;
    stretches.push(text.slice(start, end));
    start = end;
  }
  return stretches.filter((_, stretch) => stretch % of === index).join("");
}
