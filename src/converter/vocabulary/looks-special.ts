const named = new Set(["<pad>", "<mask>", "<2mass>", "[@BOS@]"]);

/** Tokens that models add without saying that they are special; llama.cpp's converter goes by their looks, like this. */
export function looksSpecial(token: string): boolean {
  if (named.has(token)) return true;
  const framed = (start: string, end: string) => token.startsWith(start) && token.endsWith(end);
  return framed("<|", "|>") || framed("<｜", "｜>") || framed("<unused", ">");
}
