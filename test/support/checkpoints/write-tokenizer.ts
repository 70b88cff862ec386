import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { demoFolder } from "../../fixtures/cli.js";
import { writeBpeTokenizer } from "./write-bpe-tokenizer.js";

/** The demo's SentencePiece vocabulary, or the BPE vocabulary that llama.cpp's source carries under this name. */
export type TokenizerName = "sentencepiece" | "llama-bpe" | "qwen2" | "deepseek-coder" | "starcoder";

/** Writes a checkpoint's tokenizer files; `config` goes over what tokenizer_config.json says. */
export async function writeTokenizer(folder: string, name: TokenizerName, config: object): Promise<void> {
  const from = join(demoFolder, "tiny-llama");
  const settings = name === "sentencepiece" ? await readSettings(join(from, "tokenizer_config.json")) : {};
  await writeFile(join(folder, "tokenizer_config.json"), JSON.stringify({ ...settings, ...config }, null, 2));
  if (name === "sentencepiece") await copyFile(join(from, "tokenizer.model"), join(folder, "tokenizer.model"));
  else await writeBpeTokenizer(folder, name);
}

async function readSettings(path: string): Promise<object> {
  return JSON.parse(await readFile(path, "utf8")) as object;
}
