import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { demoFolder } from "../../fixtures/cli.js";
import { type TokenizerName as RealName, rebuildTokenizer } from "../../fixtures/tokenizer/rebuild-tokenizer.js";

/** The demo's own small SentencePiece vocabulary, a real model's, or a real SentencePiece one as tokenizer.json alone. */
export type TokenizerName = "tiny-llama" | RealName | "llama-spm-fast";

/** Writes a checkpoint's tokenizer files; `config` goes over what tokenizer_config.json says. */
export async function writeTokenizer(folder: string, name: TokenizerName, config: object): Promise<void> {
  const settings = join(folder, "tokenizer_config.json");
  if (name === "tiny-llama") {
    const from = join(demoFolder, "tiny-llama");
    for (const file of ["tokenizer.model", "tokenizer_config.json"])
      await copyFile(join(from, file), join(folder, file));
  } else if (name === "llama-spm-fast") {
    await rebuildTokenizer("llama-spm", folder, { model: false, json: true });
  } else {
    await rebuildTokenizer(name, folder);
  }
  const usual = JSON.parse(await readFile(settings, "utf8")) as object;
  await writeFile(settings, JSON.stringify({ ...usual, ...config }, null, 2));
}
