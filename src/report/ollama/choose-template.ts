import { type TemplateFamily, templateFamilies } from "./families.js";
import { renderGoTemplate } from "./go-template.js";

export interface ChatTurn {
  role: "system" | "user" | "assistant";
  content: string;
}

export interface OllamaTemplate extends TemplateFamily {
  /** What the model's own template says when nobody gives a system prompt; undefined when it says nothing. */
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
 * The Go template that says the same as the model's own Jinja template, in every test conversation with and without a
 * system prompt; undefined when none does. `render` gives the text of a conversation by the model's template, up to
 * where the answer begins and without the token that begins a sequence; undefined where the template refuses it.
 */
export function chooseTemplate(render: (chat: readonly ChatTurn[]) => string | undefined): OllamaTemplate | undefined {
  for (const family of templateFamilies) {
    const own = defaultSystem(family, render);
    if (own === undefined) continue;
    const before = own === "" ? [] : [system(own)];
    const same = chats.every(
      (chat) =>
        renderTemplate(family.template, [...before, ...chat]) === render(chat) &&
        // Some models take no system prompt at all.
        [undefined, renderTemplate(family.template, [system("Omega!"), ...chat])].includes(
          render([system("Omega!"), ...chat]),
        ),
    );
    if (same) return { ...family, ...(own === "" ? {} : { system: own }) };
  }
  return undefined;
}

/** A conversation in a Go template, as Ollama fills it in: the system text by itself and among the messages. */
export function renderTemplate(template: string, chat: readonly ChatTurn[]): string {
  const systemTexts = chat.flatMap(({ role, content }) => (role === "system" ? [content] : []));
  return renderGoTemplate(template, {
    System: systemTexts.join("\n\n"),
    Messages: chat.map(({ role, content }) => ({ Role: role, Content: content })),
    Response: "",
  });
}

/** What a template puts where the system prompt would stand when there is none; undefined when it is of another family. */
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
