const named = new Set(["<pad>", "<mask>", "<2mass>", "[@BOS@]"]);

/** Returns true for tokens that llama.cpp's converter treats as special because of their text. */
export function looksSpecial(token: string): boolean {
  if (named.has(token)) return true;
  const framed = (start: string, end: string) => token.startsWith(start) && token.endsWith(end);
  return framed("<|", "|>") || framed("<｜", "｜>") || framed("<unused", ">");
}
