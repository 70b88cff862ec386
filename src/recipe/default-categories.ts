import type { Recipe } from "./schema.js";

type Categories = Extract<NonNullable<Recipe["evaluation"]>, readonly unknown[]>;

/** The kinds of text in the bundled evaluation; for their files, see `evaluationFile`. */
export const defaultCategories: Categories = [
  { name: "prose", corpus: "default" },
  { name: "code", corpus: "default" },
  { name: "chat", corpus: "default" },
  { name: "math", corpus: "default" },
  { name: "multilingual", corpus: "default" },
  // Base logits of a long chunk are large: 8192 tokens take as much as 16 chunks of 512.
  { name: "long", corpus: "default", chunks: 2, context: 8192 },
];

/** Returns the name of a bundled evaluation text in `corpora/`; the chats are conversations. */
export function evaluationFile(category: string): string {
  return `evaluation-${category}.${category === "chat" ? "jsonl" : "txt"}`;
}
