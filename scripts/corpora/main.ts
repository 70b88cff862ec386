import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { evaluationFile } from "../../src/recipe/default-categories.js";
import { packageRoot } from "../../src/util/package-root.js";
import { composeConversations, composeEvaluation, composeText } from "./compose.js";

/** `npm run corpora`: writes quantsmith's texts; the bytes are the same each time. */
const folder = new URL("corpora/", packageRoot);
mkdirSync(fileURLToPath(folder), { recursive: true });
const sampled = (use: string) => readFileSync(new URL(`recipes/demo/text/${use}.txt`, packageRoot), "utf8");
for (const use of ["calibration", "search"] as const) {
  writeFileSync(new URL(`${use}.txt`, folder), composeText(use, sampled(use)));
}
for (const [category, text] of Object.entries(composeEvaluation(sampled("evaluation")))) {
  writeFileSync(new URL(evaluationFile(category), folder), text);
}
writeFileSync(new URL("calibration-chat.jsonl", folder), composeConversations());
