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

const question = [user("Alpha?")];
const chats: readonly (readonly ChatTurn[])[] = [
  question,
  [user("Alpha?"), assistantTurn("Beta."), user("Gamma?"), assistantTurn("Delta."), user("Epsilon?")],
];
const withSystem = (chat: readonly ChatTurn[]) => [system("Omega!"), ...chat];

/** The conversations by which `chooseTemplate` compares templates. */
export const testChats: readonly (readonly ChatTurn[])[] = [...chats, ...chats.map(withSystem)];

/**
 * Returns the Go template that renders every test conversation, with and without a system prompt, like the model's own
 * Jinja template; undefined if none does. `rendered` contains `testChats` as rendered by the model's template, up to the
 * start of the answer and without the BOS token; undefined where the template raises an error.
 */
export function chooseTemplate(rendered: readonly (string | undefined)[]): OllamaTemplate | undefined {
  for (const family of templateFamilies) {
    const own = defaultSystem(family, rendered[0]);
    if (own === undefined) continue;
    const before = own === "" ? [] : [system(own)];
    const same = chats.every(
      (chat, index) =>
        renderTemplate(family.template, [...before, ...chat]) === rendered[index] &&
        // Some templates raise an error for a system prompt.
        [undefined, renderTemplate(family.template, withSystem(chat))].includes(rendered[chats.length + index]),
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

/**
 * The model template's default system prompt, empty without one; undefined if the template, which renders `question` as
 * `bare`, belongs to another family.
 */
function defaultSystem({ template }: TemplateFamily, bare: string | undefined): string | undefined {
  if (bare === undefined) return undefined;
  if (bare === renderTemplate(template, question)) return "";
  const [before = "", after] = renderTemplate(template, [system("§"), ...question]).split("§");
  if (after === undefined || !bare.startsWith(before) || !bare.endsWith(after)) return undefined;
  return bare.slice(before.length, bare.length - after.length) || undefined;
}
