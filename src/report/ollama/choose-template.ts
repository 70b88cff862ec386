import { type TemplateFamily, templateFamilies } from "./families.js";
import { renderGoTemplate } from "./go-template.js";

export interface ChatTurn {
  role: "system" | "user" | "assistant";
  content: string;
}

export interface OllamaTemplate extends TemplateFamily {
  /** Default system prompt of the model's own template; undefined without one. */
  system?: string;
}

const user = (content: string): ChatTurn => ({ role: "user", content });
const assistantTurn = (content: string): ChatTurn => ({ role: "assistant", content });
const system = (content: string): ChatTurn => ({ role: "system", content });

const chats: readonly (readonly ChatTurn[])[] = [
  [user("Alpha?")],
  [user("Alpha?"), assistantTurn("Beta."), user("Gamma?"), assistantTurn("Delta."), user("Epsilon?")],
];

/**
 * Returns the Go template that renders every test conversation, with and without a system prompt, like the model's own
 * Jinja template; undefined if none does. `render` renders a conversation with the model's template, up to the start of
 * the answer and without the BOS token; it returns undefined if the template raises an error.
 */
export function chooseTemplate(render: (chat: readonly ChatTurn[]) => string | undefined): OllamaTemplate | undefined {
  for (const family of templateFamilies) {
    const own = defaultSystem(family, render);
    if (own === undefined) continue;
    const before = own === "" ? [] : [system(own)];
    const same = chats.every(
      (chat) =>
        renderTemplate(family.template, [...before, ...chat]) === render(chat) &&
        // Some templates raise an error for a system prompt.
        [undefined, renderTemplate(family.template, [system("Omega!"), ...chat])].includes(
          render([system("Omega!"), ...chat]),
        ),
    );
    if (same) return { ...family, ...(own === "" ? {} : { system: own }) };
  }
  return undefined;
}

/** Renders a conversation with a Go template. Like Ollama, passes the system prompt in `.System` and in `.Messages`. */
export function renderTemplate(template: string, chat: readonly ChatTurn[]): string {
  const systemTexts = chat.flatMap(({ role, content }) => (role === "system" ? [content] : []));
  return renderGoTemplate(template, {
    System: systemTexts.join("\n\n"),
    Messages: chat.map(({ role, content }) => ({ Role: role, Content: content })),
    Response: "",
  });
}

/** The model template's default system prompt, empty without one; undefined if it belongs to another family. */
function defaultSystem(
  { template }: TemplateFamily,
  render: (chat: readonly ChatTurn[]) => string | undefined,
): string | undefined {
  const question = [user("Alpha?")];
  const bare = render(question);
  if (bare === undefined) return undefined;
  if (bare === renderTemplate(template, question)) return "";
  const [before = "", after] = renderTemplate(template, [system("§"), ...question]).split("§");
  if (after === undefined || !bare.startsWith(before) || !bare.endsWith(after)) return undefined;
  return bare.slice(before.length, bare.length - after.length) || undefined;
}
