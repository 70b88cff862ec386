import { readdir } from "node:fs/promises";
import { join, parse } from "node:path";
import { isObject } from "../../checkpoint/parse-python-json.js";
import type { Json, JsonObject } from "../../util/canonical-json.js";
import { readObject, readText } from "./tokenizer-files.js";
import type { VocabularyEntries } from "./vocabulary-entries.js";
import { brokenTokenizer } from "./vocabulary-errors.js";

/** One template, or several by name. */
export type ChatTemplate = string | readonly { name: string; template: string }[];

const additional = "additional_chat_templates";

/**
 * Reads the template that llama.cpp's converter uses: `chat_template` in tokenizer_config.json (which has none beside a
 * chat_template.jinja, see `converterTokenizerConfig`), else chat_template.jinja with the files in
 * additional_chat_templates/, else chat_template.json. Throws QS-CONVERT-TOKENIZER.
 */
export async function readChatTemplate(folder: string, config: JsonObject): Promise<ChatTemplate | undefined> {
  if (config.chat_template !== undefined) return checked(config.chat_template, "tokenizer_config.json");
  const jinja = await readTemplate(folder, "chat_template.jinja");
  if (jinja === undefined) {
    const json = await readObject(folder, "chat_template.json");
    return checked(json?.chat_template, "chat_template.json");
  }
  const names = await readdir(join(folder, additional)).catch(() => []);
  const templates: { name: string; template: string }[] = [];
  for (const name of names.filter((each) => each.endsWith(".jinja") && !each.startsWith(".")).sort()) {
    const template = await readTemplate(folder, join(additional, name));
    if (template !== undefined) templates.push({ name: parse(name).name, template });
  }
  return templates.length === 0 ? jinja : [{ name: "default", template: jinja }, ...templates];
}

/**
 * Adds templates as llama.cpp's converter does: `default` as the template itself, others under their names, plus a list
 * of these names. The converter's order of names varies from run to run; this list follows the model's order.
 */
export function addChatTemplate(entries: VocabularyEntries, template: ChatTemplate | undefined): void {
  if (template === undefined) return;
  if (typeof template === "string") {
    entries.text("tokenizer.chat_template", template);
    return;
  }
  const named = template.map(({ name, template: text }) => ({ name: name.replace(/[^A-Za-z0-9]/gu, "_"), text }));
  const others = named.filter(({ name }) => name !== "" && name !== "default");
  for (const { name, text } of others) entries.text(`tokenizer.chat_template.${name}`, text);
  entries.texts("tokenizer.chat_templates", [...new Set(others.map(({ name }) => name))]);
  const main = named.filter(({ name }) => name === "default").at(-1);
  if (main !== undefined) entries.text("tokenizer.chat_template", main.text);
}

/** Reads a template with line ends normalized to `\n`, as Python does. */
async function readTemplate(folder: string, name: string): Promise<string | undefined> {
  return (await readText(folder, name))?.replace(/\r\n?/g, "\n");
}

function checked(value: Json | undefined, file: string): ChatTemplate | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string") return value;
  if (!Array.isArray(value)) throw brokenTokenizer(file, "chat_template is neither a string nor a list of templates");
  return (value as readonly Json[]).flatMap((item) => {
    if (!isObject(item)) throw brokenTokenizer(file, "an item of chat_template is not an object");
    const { name = "", template } = item;
    if (template === undefined || template === null) return [];
    if (typeof name !== "string" || typeof template !== "string") {
      throw brokenTokenizer(file, "a named chat template or its name is not a string");
    }
    return [{ name, template }];
  });
}
