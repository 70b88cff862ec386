import { Template } from "@huggingface/jinja";
import { renderChat } from "../../corpus/render-chat.js";
import type { Gguf } from "../../gguf/gguf.js";
import { metadataString } from "../../gguf/metadata.js";
import { specialToken } from "../../gguf/special-token.js";
import { type ChatTurn, chooseTemplate, type OllamaTemplate } from "../../report/ollama/choose-template.js";
import { ollamaParams } from "../../report/ollama/params.js";

/** What Ollama reads beside the models, file name to content; and a sentence for the card. */
export interface OllamaFiles {
  files: ReadonlyMap<string, string>;
  note: string;
}

/**
 * The files `template`, `params` and `system` for Ollama, as far as there is something to say. A model that can call
 * tools gets no `template`: the Hub's own translation of its Jinja template knows about tools, and ours would not.
 */
export function ollamaFiles(gguf: Gguf, system: string | undefined): OllamaFiles {
  const source = metadataString(gguf, "tokenizer.chat_template");
  if (source === undefined) return { files: new Map(), note: "" };
  const tools = /\btools\b/.test(source);
  const template = tools ? undefined : convertedTemplate(gguf, source);
  const params = { ...(template === undefined ? {} : { stop: template.stop }), ...ollamaParams(gguf) };
  const prompt = system ?? template?.system;
  const files = new Map<string, string>();
  if (template !== undefined) files.set("template", template.template);
  if (Object.keys(params).length > 0) files.set("params", `${JSON.stringify(params, null, 2)}\n`);
  if (prompt !== undefined) files.set("system", prompt);
  return { files, note: note(template, tools) };
}

function note(template: OllamaTemplate | undefined, tools: boolean): string {
  if (template !== undefined) {
    return `Ollama reads [template](./template), which is this model's chat template (${template.name}) in Ollama's language: both gave the same text for the same conversations.`;
  }
  const why = tools ? "this model's chat template knows tools" : "this model's chat template is of no known family";
  return `There is no \`template\` file for Ollama, because ${why}: Ollama uses the Hub's translation of it.`;
}

function convertedTemplate(gguf: Gguf, source: string): OllamaTemplate | undefined {
  const bos = specialToken(gguf, "bos");
  const eos = specialToken(gguf, "eos");
  return chooseTemplate((messages: readonly ChatTurn[]) => {
    try {
      const text = renderChat(new Template(source), { messages, addGenerationPrompt: true, bos, eos });
      return bos !== undefined && bos !== "" && text.startsWith(bos) ? text.slice(bos.length) : text;
    } catch {
      // Templates refuse conversations by throwing.
      return undefined;
    }
  });
}
