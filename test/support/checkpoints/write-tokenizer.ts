import { copyFile, cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { demoFolder } from "../../fixtures/cli.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";
import { type TokenizerName as RealName, rebuildTokenizer } from "../../fixtures/tokenizer/rebuild-tokenizer.js";

/** The demo's own small SentencePiece vocabulary, a real model's, or a real SentencePiece one as tokenizer.json alone. */
export type TokenizerName = "tiny-llama" | RealName | "llama-spm-fast";

const home = temporaryFolder();
/** What was rebuilt already: a large vocabulary takes a second. */
const rebuilt = new Set<TokenizerName>();

/** Writes a checkpoint's tokenizer files; `config` goes over what tokenizer_config.json says. */
export async function writeTokenizer(folder: string, name: TokenizerName, config: object): Promise<void> {
  if (name === "tiny-llama") {
    const from = join(demoFolder, "tiny-llama");
    for (const file of ["tokenizer.model", "tokenizer_config.json"])
      await copyFile(join(from, file), join(folder, file));
  } else {
    if (!rebuilt.has(name)) await rebuild(name);
    await cp(join(home, name), folder, { recursive: true });
  }
  const settings = join(folder, "tokenizer_config.json");
  const usual = JSON.parse(await readFile(settings, "utf8")) as object;
  await writeFile(settings, JSON.stringify({ ...usual, ...config }, null, 2));
}

async function rebuild(name: Exclude<TokenizerName, "tiny-llama">): Promise<void> {
  const folder = join(home, name);
  await mkdir(folder);
  if (name === "llama-spm-fast") await rebuildTokenizer("llama-spm", folder, { model: false, json: true });
  else await rebuildTokenizer(name, folder);
  rebuilt.add(name);
}
