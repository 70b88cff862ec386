import { readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** About 60 chunks of 512 tokens. */
const characters = 120_000;
const languages = ["de", "es", "fr", "pl", "tr"];

/**
 * Writes two texts far from any calibration text, both from the TypeScript package: source code, and compiler messages in
 * five languages. Returns their names and paths.
 */
export async function writeForeignTexts(folder: string): Promise<{ name: string; path: string }[]> {
  const library = dirname(createRequire(import.meta.url).resolve("typescript"));
  const code = (await readFile(join(library, "lib.dom.d.ts"), "utf8")).slice(characters, 2 * characters);
  const messages = await Promise.all(languages.map((language) => messagesIn(join(library, language))));
  const texts = [
    { name: "TypeScript declarations", file: "code.txt", content: code },
    { name: `compiler messages in ${languages.join(", ")}`, file: "languages.txt", content: messages.join("\n\n") },
  ];
  for (const { file, content } of texts) await writeFile(join(folder, file), content);
  return texts.map(({ name, file }) => ({ name, path: join(folder, file) }));
}

async function messagesIn(folder: string): Promise<string> {
  const text = await readFile(join(folder, "diagnosticMessages.generated.json"), "utf8");
  const all = Object.values(JSON.parse(text) as Record<string, string>).join("\n");
  return all.slice(0, characters / languages.length);
}
