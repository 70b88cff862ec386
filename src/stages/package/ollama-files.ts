import { Template } from "@huggingface/jinja";
import { renderChat } from "../../corpus/render-chat.js";
import type { Gguf } from "../../gguf/gguf.js";
import { metadataString } from "../../gguf/metadata.js";
import { specialToken } from "../../gguf/special-token.js";
import { type ChatTurn, chooseTemplate, type OllamaTemplate } from "../../report/ollama/choose-template.js";
import { ollamaParams } from "../../report/ollama/params.js";

export interface OllamaFiles {
  /** Files that Ollama reads besides the models, name to content. */
  files: ReadonlyMap<string, string>;
  /** A sentence for the model card. */
  note: string;
}

/**
 * Returns the non-empty files `template`, `params` and `system` for Ollama. A model with tool calls has no `template`
 * file, since the Hub's translation of its Jinja template supports tools and quantsmith's does not.
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
    return `Ollama reads [template](./template), this model's chat template (${template.name}) in Ollama's format; both render test conversations to the same text.`;
  }
  const reason = tools ? "supports tools" : "does not match a supported family";
  return `This model's chat template ${reason}, so the release contains no \`template\` file: Ollama uses the Hub's translation.`;
}

function convertedTemplate(gguf: Gguf, source: string): OllamaTemplate | undefined {
  const bos = specialToken(gguf, "bos");
  const eos = specialToken(gguf, "eos");
  return chooseTemplate((messages: readonly ChatTurn[]) => {
    try {
      const text = renderChat(new Template(source), { messages, addGenerationPrompt: true, bos, eos });
      return bos !== undefined && bos !== "" && text.startsWith(bos) ? text.slice(bos.length) : text;
    } catch {
      // Templates reject conversations by throwing.
      return undefined;
    }
  });
}
