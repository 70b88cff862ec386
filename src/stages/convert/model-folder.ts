import { mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseSideFile } from "../../checkpoint/outline/side-files.js";
import { isQwenReranker, rerankerHeading } from "../../checkpoint/qwen-reranker.js";
import { converterTokenizerConfig } from "../../checkpoint/tokenizer/older-config.js";
import { type MetadataParams, readConverterCard } from "../../converter/general/converter-card.js";

const cardName = "README.md";
const tokenizerConfigName = "tokenizer_config.json";

/**
 * Creates the converter's input folder: links to the snapshot's files, and a model card reduced to the supported fields.
 * With the original card, the converter would fail on invalid YAML and copy arbitrary metadata. A tokenizer_config.json
 * that the converter would read differently from transformers is a copy, see `converterTokenizerConfig`.
 */
export async function makeModelFolder(
  folder: string,
  snapshot: string,
  { baseModel, metadata }: { baseModel: string | null; metadata: MetadataParams },
): Promise<void> {
  await mkdir(folder);
  const names = await readdir(snapshot);
  const hasTemplateFile = names.includes("chat_template.jinja");
  for (const name of names) {
    if (name === tokenizerConfigName && (await writeTokenizerConfig(snapshot, folder, hasTemplateFile))) continue;
    if (name !== cardName) await symlink(join(snapshot, name), join(folder, name));
  }
  const fields = await readConverterCard(snapshot, { baseModel, metadata });
  // JSON is valid YAML and keeps the language `no` (Norwegian) a string.
  const heading = (await isQwenReranker(snapshot)) ? rerankerHeading : "";
  await writeFile(join(folder, cardName), `---\n${JSON.stringify(fields)}\n---\n${heading}`);
}

/** Returns false for a file that the converter reads as it is, or whose faults it reports. */
async function writeTokenizerConfig(snapshot: string, folder: string, hasTemplateFile: boolean): Promise<boolean> {
  const config = await parseSideFile(join(snapshot, tokenizerConfigName));
  if (config === undefined) return false;
  const read = converterTokenizerConfig(config, hasTemplateFile);
  if (read === config) return false;
  await writeFile(join(folder, tokenizerConfigName), JSON.stringify(read));
  return true;
}
