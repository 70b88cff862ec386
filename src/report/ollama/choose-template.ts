import { type TemplateFamily, templateFamilies } from "./families.js";
import { renderGoTemplate } from "./go-template.js";

export interface ChatTurn {
  role: "system" | "user" | "assistant" | "tool";
  content: string;
  tool_calls?: readonly { type: "function"; id: string; function: { name: string; arguments: string } }[];
  tool_call_id?: string;
}

export interface OllamaTemplate extends TemplateFamily {
  /** Default system prompt of the model's own template; undefined without one. */
  system?: string;
}

const user = (content: string): ChatTurn => ({ role: "user", content });
const assistantTurn = (content: string): ChatTurn => ({ role: "assistant", content });
const system = (content: string): ChatTurn => ({ role: "system", content });

const question = [user("Alpha?")];
const turns = [user("Alpha?"), assistantTurn("Beta."), user("Gamma?"), assistantTurn("Delta."), user("Epsilon?")];
const call = { type: "function", id: "call00001", function: { name: "add", arguments: '{"a":1}' } } as const;

/** Chats that every template must render. */
const usual: readonly (readonly ChatTurn[])[] = [question, turns];
/** Chats that a template may reject. */
const unusual: readonly (readonly ChatTurn[])[] = [
  ...usual.map((chat) => [system("Omega!"), ...chat]),
  // Thoughts, which some templates cut, and outer white space, which some trim.
  [user("Alpha?"), assistantTurn("<think>\nHm.\n</think>\n\nBeta."), user("Gamma?")],
  [user("Alpha?"), assistantTurn("Hm.</think>Beta."), user("Gamma?")],
  [system("\n Omega! \n"), user("\n Alpha? \n"), assistantTurn("\n Beta. \n"), user("\n Gamma? \n")],
  // System messages elsewhere, repeated roles, and no text.
  [user("Alpha?"), assistantTurn("Beta."), system("Omega!"), user("Gamma?")],
  [system("Omega!"), system("Psi!"), ...question],
  [system("Omega!"), user("Alpha?"), assistantTurn("Beta."), system("Psi!"), user("Gamma?")],
  [user("Alpha?"), user("Beta?"), assistantTurn("Gamma."), user("Delta?"), user("Epsilon?")],
  [user("Alpha?"), assistantTurn("Beta."), assistantTurn("Gamma."), user("Delta?")],
  [user(""), assistantTurn(""), user("Gamma?")],
  [system(""), ...question],
  // A tool's call and result.
  [
    user("Alpha?"),
    { ...assistantTurn(""), tool_calls: [call] },
    { role: "tool", content: "Beta", tool_call_id: call.id },
    ...[assistantTurn("Gamma."), user("Delta?")],
  ],
];

/** The conversations by which `chooseTemplate` compares templates. */
export const testChats: readonly (readonly ChatTurn[])[] = [...usual, ...unusual];

/**
 * Returns the Go template that renders every test conversation like the model's own Jinja template; undefined if none does.
 * `rendered` contains `testChats` as rendered by the model's template, up to the start of the answer and without the BOS
 * token; undefined where the template raises an error.
 */
export function chooseTemplate(rendered: readonly (string | undefined)[]): OllamaTemplate | undefined {
  for (const family of templateFamilies) {
    const own = defaultSystem(family, rendered[0]);
    if (own === undefined) continue;
    const same = testChats.every((chat, index) => {
      if (rendered[index] === undefined) return index >= usual.length;
      // Ollama puts its default system prompt before a chat that does not begin with one.
      const before = own === "" || chat[0]?.role === "system" ? [] : [system(own)];
      return renderTemplate(family.template, [...before, ...chat]) === rendered[index];
    });
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
