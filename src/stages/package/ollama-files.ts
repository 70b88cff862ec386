import { type ChatTemplate, chatTemplate } from "../../corpus/chat.js";
import { type RenderContext, renderChats } from "../../corpus/render-chats.js";
import type { Gguf } from "../../gguf/gguf.js";
import { chooseTemplate, type OllamaTemplate, testChats } from "../../report/ollama/choose-template.js";
import { ollamaParams } from "../../report/ollama/params.js";
import { rendersDate } from "./prompt-format.js";

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
  const own = chatTemplate(gguf);
  if (own === undefined) return { files: new Map(), note: "" };
  const tools = own.toolUse !== null || /\btools\b/.test(own.template);
  const template = tools ? undefined : await convertedTemplate(own, addedBos(gguf, own), context);
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
  const reason = tools
    ? "This model's chat template supports tools"
    : "No known template in Ollama's format renders all test conversations like this model's chat template";
  return `${reason}, so the release contains no \`template\` file: Ollama uses the Hub's translation.`;
}

async function convertedTemplate(
  own: ChatTemplate,
  bos: string,
  context: RenderContext,
): Promise<OllamaTemplate | undefined> {
  // Ollama's templates cannot contain a date.
  if (rendersDate(own.template)) return undefined;
  const chats = testChats.map((messages) => ({ messages, addGenerationPrompt: true }));
  const renderings = await renderChats(own, chats, context);
  return chooseTemplate(
    renderings.map((rendering) => (rendering.kind === "text" ? withoutPrefix(rendering.text, bos) : undefined)),
  );
}

/** Returns the BOS token that Ollama adds to a prompt, so that its template must not; empty without one. */
function addedBos(gguf: Gguf, { bos }: ChatTemplate): string {
  const added = gguf.metadata.get("tokenizer.ggml.add_bos_token");
  return added?.type === "bool" && added.value === false ? "" : bos;
}

function withoutPrefix(text: string, prefix: string): string {
  return text.startsWith(prefix) ? text.slice(prefix.length) : text;
}
