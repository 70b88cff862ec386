import { expect, test } from "vitest";
import type { Chat } from "../../src/corpus/chat.js";
import { type Rendering, renderChats } from "../../src/corpus/render-chats.js";
import { secondOpinion } from "../../src/corpus/second-opinion.js";
import { resolveToolchain } from "../../src/llamacpp/toolchain/toolchain.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

/* The smallest forms of what real chat templates do, and the named template for tools. */
const context = { work: temporaryFolder(), signal: new AbortController().signal, toolchain: resolveToolchain };
const size = { type: ["integer", "null"], description: "Length in mm" };
const tools = [{ name: "cut", description: "Cuts", parameters: { type: "object", properties: { size } } }];
const chat: Chat = { messages: [{ role: "user", content: "yes" }], tools, addGenerationPrompt: true };
const model = (template: string, toolUse: string | null = null) => ({ template, toolUse, bos: "<s>", eos: "</s>" });
const rendered = async (template: string) => (await renderChats(model(template), [chat], context))[0];
const type = "tools[0].function.parameters.properties.size.type";

test.each([
  ["integer keys of a dict", "{% set names = {1: 'one', 20: 'twenty'} %}{{ names[20] }}", "twenty"],
  ["str.format", "{{ '[{}:{}]'.format('a', ':b') }}", "[a::b]"],
  ["the text of an object", "{{ tools[0].function | string | length > 9 }}", "True"],
  ["a filter of strings on a list", `{{ ${type} | upper }}`, "['INTEGER', 'NULL']"],
  ["reject with a test", "{{ ['x', 'y', 'z'] | reject('in', ['y', 'z']) | list | join }}", "x"],
  ["a loop over a string", "{% for part in messages[0].content %}{{ '!' if part == 7 }}{% endfor %}", ""],
  ["booleans, and capitalize", "{{ false }} {{ 'mIxEd' | capitalize }}", "False Mixed"],
  ["two variables of a loop", "{% for key, value in {'x': 1, 'y': 2}.items() %}{{ key ~ value }}{% endfor %}", "x1y2"],
])("%s", async (_form, template, text) => {
  expect(await rendered(template)).toEqual({ kind: "text", text, thinking: false });
});

test("a difference between engines is a warning without either text, which can be private; forms of one engine alone are none", async () => {
  const opinion = async (template: string) => {
    const renderings = await renderChats(model(template), [chat], context);
    return { renderings, warnings: await secondOpinion(model(template), [chat], renderings, context) };
  };
  // llama.cpp prints the items of a list.
  const { renderings, warnings } = await opinion(`The types of its size are {{ ${type} }}.`);
  expect(renderings).toMatchObject([{ text: "The types of its size are integernull." }]);
  expect(warnings).toMatchObject([
    {
      code: "QW-TEMPLATE-ENGINES",
      message: expect.stringMatching(/render the model's chat template to different texts$/),
    },
  ]);
  // Renders in Python's Jinja; llama.cpp refuses it, as it would refuse the model's chats.
  const refused: Rendering = { kind: "rejected", reason: expect.stringContaining("between Array and Array") };
  expect(await opinion("{{ ['a'] in [['a']] }}")).toEqual({ renderings: [refused], warnings: [] });
  expect((await opinion("{{ '{}'.format(1) }} {{ strftime_now('%d %b') }}")).warnings).toEqual([]);
});

test("the named template for tools renders chats with tools", async () => {
  const named = model("plain {{ tools is defined }}", "{% for tool in tools %}{{ tool.function.name }}{% endfor %}");
  const chats = [chat, { ...chat, tools: [] }];
  expect((await renderChats(named, chats, context)).map((each) => "text" in each && each.text)).toEqual([
    ...["cut", "plain False"],
  ]);
});

test("thinking is on for models that support it, and the date is that of no day", async () => {
  const thoughts = "{% if m.reasoning_content %}<think>\n{{ m.reasoning_content }}\n</think>\n\n{% endif %}";
  const start = "<|im_start|>assistant\n{{ '' if enable_thinking else '<think>\\n\\n</think>\\n\\n' }}";
  const template = `{% for m in messages %}<|im_start|>{{ m.role }}\n${thoughts}{{ m.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}${start}{% endif %}`;
  const off = { ...chat, options: { enable_thinking: false } };
  expect(await renderChats(model(template), [chat, off], context)).toMatchObject([
    { text: expect.stringMatching(/assistant\n$/), thinking: true },
    { text: expect.stringMatching(/assistant\n<think>\n\n<\/think>\n\n$/), thinking: false },
  ]);
  expect(await rendered("{{ date_string }} {{ strftime_now('%Y-%m-%d') }}")).toMatchObject({
    text: "26 Jul 2024 2024-07-26",
  });
});
