import { join } from "node:path";
import { readRegular } from "../util/regular-file.js";

/** llama.cpp's converter recognizes a reranker of Qwen 3 by this heading of its model card. */
export const rerankerHeading = "# Qwen3-Reranker\n";

/** Returns true for a model card with such a heading. */
export function isRerankerCard(card: string): boolean {
  return /# qwen3-(vl-)?reranker/i.test(card);
}

/** Returns true for a snapshot whose model card has such a heading. */
export async function isQwenReranker(snapshot: string): Promise<boolean> {
  return isRerankerCard(await readRegular(join(snapshot, "README.md")).then(String, () => ""));
}
