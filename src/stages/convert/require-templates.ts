import { requireNoToken } from "../../checkpoint/require-no-token.js";
import { addChatTemplate, readChatTemplate } from "../../converter/vocabulary/chat-template.js";
import { readModelFiles } from "../../converter/vocabulary/model-files.js";
import { VocabularyEntries } from "../../converter/vocabulary/vocabulary-entries.js";
import type { Gguf } from "../../gguf/gguf.js";

/** Throws QS-CONVERT-TOKEN for a checkpoint's chat templates; the converters report those that they cannot read. */
export async function requireTemplates(folder: string): Promise<void> {
  const templates = await readTemplates(folder).catch(() => []);
  requireNoToken("the checkpoint", new Map(templates));
}

/** Throws QS-CONVERT-TOKEN for any text of a converted file's metadata, as from generation_config.json. */
export function requirePublicMetadata({ metadata }: Pick<Gguf, "metadata">): void {
  requireNoToken("the checkpoint", metadata, () => true);
}

async function readTemplates(folder: string) {
  const { tokenizerConfig = {} } = await readModelFiles(folder);
  const entries = new VocabularyEntries();
  addChatTemplate(entries, await readChatTemplate(folder, tokenizerConfig));
  return entries.list();
}
