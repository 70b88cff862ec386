import { type RenderContext, renderChats, templateTokens } from "../../corpus/render-chats.js";
import type { Gguf } from "../../gguf/gguf.js";
import { metadataString } from "../../gguf/metadata.js";
import { chooseTemplate, type OllamaTemplate, testChats } from "../../report/ollama/choose-template.js";
import { ollamaParams } from "../../report/ollama/params.js";

export interface OllamaFiles {
  /** Files that Ollama reads besides the models, name to content. */
  files: ReadonlyMap<string, string>;
  /** A sentence for the model card. */
  note: string;
}

/**
 * Returns the non-empty files `template`, `params` and `system` for Ollama. A model with tool calls has no `template`
 * file, since the Hub's translation of its Jinja template supports tools and quantsmith's does not. Throws the errors of
 * `renderChats`.
 */
export async function ollamaFiles(
  gguf: Gguf,
  system: string | undefined,
  context: RenderContext,
): Promise<OllamaFiles> {
  const source = metadataString(gguf, "tokenizer.chat_template");
  if (source === undefined) return { files: new Map(), note: "" };
  const tools = /\btools\b/.test(source);
  const template = tools ? undefined : await convertedTemplate(gguf, source, context);
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

async function convertedTemplate(
  gguf: Gguf,
  source: string,
  context: RenderContext,
): Promise<OllamaTemplate | undefined> {
  const tokens = templateTokens(gguf);
  const chats = testChats.map((messages) => ({ messages, addGenerationPrompt: true, ...tokens }));
  const renderings = await renderChats(source, chats, context);
  return chooseTemplate(
    renderings.map((rendering) =>
      rendering.kind === "text" ? withoutPrefix(rendering.text, tokens.bos ?? "") : undefined,
    ),
  );
}

function withoutPrefix(text: string, prefix: string): string {
  return text.startsWith(prefix) ? text.slice(prefix.length) : text;
}
