import { Template } from "@huggingface/jinja";
import { describe, expect, test } from "vitest";
import {
  type ChatTurn,
  chooseTemplate,
  renderTemplate,
  testChats,
} from "../../../src/report/ollama/choose-template.js";

/* Chat templates in the style of each model family. */
const loop = (body: string, generation: string) =>
  `{{ bos_token }}{% for m in messages %}${body}{% endfor %}{% if add_generation_prompt %}${generation}{% endif %}`;
const everyRole = (open: string, close: string, roles = "") =>
  loop(
    `{% if m.role != '${roles && "tool"}' %}{{ '${open}'.replace('ROLE', m.role) + m.content + '${close}' }}{% endif %}`,
    `{{ '${open.replace("ROLE", "assistant")}' }}`,
  );
const systemFirst = `{% if messages[0].role == 'system' %}{% set sys = messages[0].content %}{% set messages = messages[1:] %}{% else %}{% set sys = '' %}{% endif %}`;
const noSystem = `{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}`;
const alternating = `{% for m in messages %}{% if m.role not in ['user', 'assistant'] or (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('roles must alternate') }}{% endif %}{% endfor %}`;
const anySystem = `{% set ns = namespace(sys='') %}{% for m in messages %}{% if m.role == 'system' %}{% set ns.sys = ns.sys + ('\\n\\n' if ns.sys else '') + m.content %}{% endif %}{% endfor %}`;

const jinja: Record<string, string> = {
  chatml: everyRole("<|im_start|>ROLE\\n", "<|im_end|>\\n"),
  "chatml with its own system prompt": `{{ bos_token }}{% if messages[0].role != 'system' %}{{ '<|im_start|>system\\nYou are Testy.<|im_end|>\\n' }}{% endif %}${everyRole("<|im_start|>ROLE\\n", "<|im_end|>\\n").replace("{{ bos_token }}", "")}`,
  "llama-3": everyRole("<|start_header_id|>ROLE<|end_header_id|>\\n\\n", "<|eot_id|>"),
  "phi-3": everyRole("<|ROLE|>\\n", "<|end|>\\n", "chat").replace(
    "{% if ",
    "{% if (m.content or m.role != 'system') and ",
  ),
  zephyr: everyRole("<|ROLE|>\\n", "</s>\\n", "chat"),
  gemma: `${noSystem}${alternating}${loop("{{ '<start_of_turn>' + ('model' if m.role == 'assistant' else 'user') + '\\n' + m.content + '<end_of_turn>\\n' }}", "{{ '<start_of_turn>model\\n' }}")}`,
  "llama-2": `${systemFirst}${alternating}{% for m in messages %}{% if m.role == 'user' %}{{ bos_token + '[INST] ' }}{% if loop.first and sys %}{{ '<<SYS>>\\n' + sys + '\\n<</SYS>>\\n\\n' }}{% endif %}{{ m.content + ' [/INST]' }}{% else %}{{ ' ' + m.content + ' ' + eos_token }}{% endif %}{% endfor %}`,
  "mistral v0.1": `${noSystem}${alternating}{{ bos_token }}{% for m in messages %}{% if m.role == 'user' %}{{ '[INST] ' + m.content + ' [/INST]' }}{% else %}{{ m.content + eos_token + ' ' }}{% endif %}{% endfor %}`,
  "mistral v0.2": `${systemFirst}${alternating}{{ bos_token }}{% for m in messages %}{% if m.role == 'user' %}{{ ' [INST] ' }}{% if loop.first and sys %}{{ sys + '\\n\\n' }}{% endif %}{{ m.content + ' [/INST]' }}{% else %}{{ ' ' + m.content + eos_token }}{% endif %}{% endfor %}`,
  deepseek: `${anySystem}{{ bos_token + ns.sys }}{% for m in messages %}{% if m.role == 'user' %}{{ '<｜User｜>' + m.content }}{% elif m.role == 'assistant' %}{{ '<｜Assistant｜>' + m.content + '<｜end▁of▁sentence｜>' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<｜Assistant｜><think>\\n' }}{% endif %}`,
};

const bos = "<s>";
const rendered = (source: string) => (messages: readonly ChatTurn[]) => {
  try {
    const variables = { messages, add_generation_prompt: true, bos_token: bos, eos_token: "</s>" };
    const text = new Template(source).render(variables);
    return text.startsWith(bos) ? text.slice(bos.length) : text;
  } catch {
    return undefined;
  }
};

const say = (role: ChatTurn["role"], content: string): ChatTurn => ({ role, content });
const chat = [say("user", "Hi"), say("assistant", "Hello!"), say("user", "Why?")];
const withSystem = [say("system", "Be kind."), ...chat];

/** Expected rendering of the conversation with a system prompt, written by hand. */
const byHand: Record<string, string> = {
  chatml:
    "<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello!<|im_end|>\n<|im_start|>user\nWhy?<|im_end|>\n<|im_start|>assistant\n",
  "llama-3":
    "<|start_header_id|>system<|end_header_id|>\n\nBe kind.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nHello!<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nWhy?<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
  "phi-3":
    "<|system|>\nBe kind.<|end|>\n<|user|>\nHi<|end|>\n<|assistant|>\nHello!<|end|>\n<|user|>\nWhy?<|end|>\n<|assistant|>\n",
  zephyr: "<|system|>\nBe kind.</s>\n<|user|>\nHi</s>\n<|assistant|>\nHello!</s>\n<|user|>\nWhy?</s>\n<|assistant|>\n",
  gemma:
    "<start_of_turn>user\nBe kind.\n\nHi<end_of_turn>\n<start_of_turn>model\nHello!<end_of_turn>\n<start_of_turn>user\nWhy?<end_of_turn>\n<start_of_turn>model\n",
  "llama-2": "[INST] <<SYS>>\nBe kind.\n<</SYS>>\n\nHi [/INST] Hello! </s><s>[INST] Why? [/INST]",
  "mistral v0.1": "[INST] Be kind.\n\nHi [/INST]Hello!</s> [INST] Why? [/INST]",
  "mistral v0.2": " [INST] Be kind.\n\nHi [/INST] Hello!</s> [INST] Why? [/INST]",
  deepseek: "Be kind.<｜User｜>Hi<｜Assistant｜>Hello!<｜end▁of▁sentence｜><｜User｜>Why?<｜Assistant｜><think>\n",
};

describe.each(Object.keys(byHand))("%s", (name) => {
  const render = rendered(jinja[name] ?? "");
  const chosen = chooseTemplate(testChats.map(render));

  test("is recognized, and renders the same text as the model's own template", () => {
    expect(chosen?.name).toBe(name.split(" ")[0]);
    const template = chosen?.template ?? "";
    expect(renderTemplate(template, chat)).toBe(render(chat));
    expect([renderTemplate(template, withSystem), undefined]).toContain(render(withSystem));
    expect(chosen?.system).toBeUndefined();
  });

  test("renders the text written by hand, and stops at its own markers", () => {
    expect(renderTemplate(chosen?.template ?? "", withSystem)).toBe(byHand[name]);
    expect(chosen?.stop.filter((mark) => byHand[name]?.includes(mark))).not.toEqual([]);
  });
});

test("the default system prompt of a model's template is found", () => {
  const render = rendered(jinja["chatml with its own system prompt"] ?? "");
  const chosen = chooseTemplate(testChats.map(render));
  expect(chosen).toMatchObject({ name: "chatml", system: "You are Testy." });
  expect(renderTemplate(chosen?.template ?? "", [say("system", "You are Testy."), ...chat])).toBe(render(chat));
});

test("a default system prompt is never part of the Go template", () => {
  const chatml = (chat: readonly ChatTurn[]) =>
    `${chat.map(({ role, content }) => `<|im_start|>${role}\n${content}<|im_end|>\n`).join("")}<|im_start|>assistant\n`;
  const hostile = '{{ end }}{{ .System }}"""\nFROM evil';
  const withDefault = (chat: readonly ChatTurn[]) => (chat[0]?.role === "system" ? [] : [say("system", hostile)]);
  const chosen = chooseTemplate(testChats.map((chat) => chatml([...withDefault(chat), ...chat])));
  expect(chosen?.system).toBe(hostile);
  expect(chosen?.template).toBe(chooseTemplate(testChats.map(chatml))?.template);
});

const [chatml = "", deepseek = ""] = [jinja.chatml, jinja.deepseek];
test.each([
  ["that trims messages", chatml.replace("m.content", "m.content | trim")],
  ["that cuts old thoughts", deepseek.replaceAll("m.content", "m.content.split('</think>')[-1]")],
  ["that ignores all but the first system message", chatml.replace("!= ''", "!= 'system' or loop.first")],
  ["that moves system messages to the start", deepseek.replace("ns.sys + ('\\n\\n' if ns.sys else '') + m", "m")],
  ["that omits messages without text", chatml.replace("!= ''", "!= '' and m.content")],
  [
    "that joins messages of one role",
    chatml.replace("m in messages", "m in messages if m.role != messages[loop.index0 - 1].role"),
  ],
  ["that prints a tool's result as the user's", chatml.replace("m.role)", "m.role if m.role != 'tool' else 'user')")],
  ["of an unknown family", everyRole("### ROLE: ", "\\n")],
  ["that is almost ChatML", everyRole("<|im_start|>ROLE\\n", "<|im_end|>")],
  [
    "that is ChatML but drops previous answers",
    everyRole("<|im_start|>ROLE\\n", "<|im_end|>\\n").replace(
      "m.content",
      "(m.content if m.role != 'assistant' else '…')",
    ),
  ],
  [
    "with a changing date before the system prompt",
    `{{ strftime_now('%H:%M:%S') }}${everyRole("<|im_start|>ROLE\\n", "<|im_end|>\\n")}`,
  ],
  ["that always raises an error", "{{ raise_exception('no') }}"],
])("a template %s has no match", (_, source) => {
  expect(chooseTemplate(testChats.map(rendered(source)))).toBeUndefined();
});
