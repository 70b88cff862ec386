import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { packageRoot } from "../../src/util/package-root.js";
import { composeConversations, composeText } from "./compose.js";

/** `npm run corpora`: writes quantsmith's texts; the bytes are the same each time. */
const folder = new URL("corpora/", packageRoot);
mkdirSync(fileURLToPath(folder), { recursive: true });
for (const use of ["calibration", "search", "evaluation"] as const) {
  const sampled = readFileSync(new URL(`recipes/demo/text/${use}.txt`, packageRoot), "utf8");
  writeFileSync(new URL(`${use}.txt`, folder), composeText(use, sampled));
}
writeFileSync(new URL("calibration-chat.jsonl", folder), composeConversations());
