/** Characters per stretch: several chunks of text, so that few chunks cross a stretch boundary. */
const stretchCharacters = 16_384;

/**
 * Returns one of `of` parts of a text, each a fair sample: stretches of lines are dealt in turn. Base logits that are too
 * large for one file need separate texts, since llama-perplexity always starts at the beginning and a text cannot be cut
 * at token boundaries. Every line is in exactly one part.
 */
export function textSegment(text: string, { index, of }: { index: number; of: number }): string {
  if (of === 1) return text;
  const stretches: string[] = [];
  // Short texts use smaller stretches, so that each part gets several.
  const size = Math.min(stretchCharacters, Math.floor(text.length / (8 * of)));
  for (let start = 0; start < text.length; ) {
    const lineEnd = text.indexOf("\n", start + size);
    const end = lineEnd < 0 ? text.length : lineEnd + 1;
    stretches.push(text.slice(start, end));
    start = end;
  }
  return stretches.filter((_, stretch) => stretch % of === index).join("");
}
